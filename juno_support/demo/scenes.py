"""Tickets of the demo that are told line by line: what a visitor is meant to find.

They fit the downtimes of the simulated GOCDB (see ``simulators/gocdb_downtimes``).
"""

# ruff: noqa: E501 (people write long lines)

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One thing that somebody does.

    :ivar hours_later: after the line before
    :ivar to: unit of an assignment, person involved, resolution code, priority, or hours until a
        date, as ``does`` needs it
    """

    who: str
    does: str
    hours_later: float
    text: str = ""
    to: str = ""


@dataclass(frozen=True)
class Scene:
    """One ticket: when, by whom, about what, and what happens to it.

    :ivar is_team: a TEAM ticket, filed by a shifter; the notified site is a must
    :ivar is_exact: it happens at these hours; else people wait until they sit at their desks
    """

    hours_ago: float
    submitter: str
    subject: str
    text: str
    issue_type: str
    sites: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    notified_site: str = ""
    vo: str = "juno"
    priority: int = 1
    problem_hours_before: float = 0
    affects_whole_vo: bool = False
    copies: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    lines: tuple[Line, ...] = ()
    is_exact: bool = False
    is_team: bool = False


SCENES = (
    Scene(
        1.3,
        "marta",
        "Recall from tape fails at CNAF: 503 from storm-tape-juno",
        "All recalls of run 8123 have failed since about an hour:\n\n"
        "```\nPOST https://storm-tape-juno.cr.cnaf.infn.it:8443/api/v1/stage\nHTTP/1.1 503 Service Unavailable\n```\n\n"
        "I need these files for the energy scale until tomorrow. Is it the maintenance, or something else?",
        "Storage and tape",
        sites=("INFN-T1",),
        hosts=("storm-tape-juno.cr.cnaf.infn.it",),
        priority=3,
        problem_hours_before=0.5,
        copies=("computing-board@juno.example.org",),
        lines=(Line("noah", "me too", 0.4), Line("chloe", "me too", 0.3)),
    ),
    Scene(
        0.35,
        "wei",
        "北京站点作业全部处于等待状态 / All jobs at GRID.IHEP.cn are waiting",
        "从今天早上开始, 我在 GRID.IHEP.cn 的 340 个作业一直是 Waiting 状态, 没有一个开始运行。"
        "其他站点正常。\n\nSince this morning all my 340 jobs at GRID.IHEP.cn have been waiting, at other sites they run. Example: 42917355.",
        "Job submission and execution",
        sites=("BEIJING-LCG2",),
        priority=2,
        problem_hours_before=3,
    ),
    Scene(
        0.2,
        "eve",
        "Cannot register in the VO: page does not load",
        "Hello, I would like to join JUNO's VO, but https://voms.ihep.ac.cn:8443/voms/juno/ does not load in my browser. Which certificate do I need?",
        "Other",
        vo="",
    ),
    Scene(
        19,
        "ada",
        "Reading from eosjuno is ten times slower than last week",
        "My analysis reads about 2 TB of *esd* files. Last week this took 3 h, since yesterday evening it takes more than a day:\n\n"
        "| file | last week | now |\n|---|---|---|\n| run 7701 | 41 s | 455 s |\n| run 7702 | 39 s | 12 s |\n| run 7703 | 44 s | 502 s |\n\n"
        "Some files are as fast as before. Is one of the servers ill?",
        "Storage and tape",
        sites=("BEIJING-LCG2",),
        hosts=("eosjuno.ihep.ac.cn",),
        priority=2,
        problem_hours_before=5,
        files=(
            (
                "timing.csv",
                "run,seconds_last_week,seconds_now\n7701,41,455\n7702,39,12\n7703,44,502\n",
            ),
        ),
        lines=(
            Line("uma", "me too", 0.7),
            Line("klara", "assign", 0.6, to="BEIJING-LCG2", text="At risk in GOCDB, fits the times."),
            Line(
                "hao",
                "say",
                1.2,
                "Yes: one file server is being replaced since yesterday, its files are served by a slower one meanwhile. The copy should be finished in the night.",
            ),
            Line("hao", "note", 0.2, "fst17 → fst31, 61 % copied, 380 MB/s. 明天早上再看一下。"),
            Line("hao", "next step", 0.1, "Check the copy to the new server", to="20"),
            Line("ada", "say", 2.0, "Thank you! Then I wait with the rest until tomorrow."),
        ),
    ),
    Scene(
        73.5,
        "ivan",
        "JINR-T1 not reachable from outside",
        "Neither jobs nor transfers reach JINR-T1: `arc01.jinr-t1.ru` and `se-xrd01.jinr-t1.ru` do not answer, not even to ping. 180 of my jobs are lost.",
        "Network",
        sites=("JINR-T1", "JINR-LCG2"),
        hosts=("arc01.jinr-t1.ru", "se-xrd01.jinr-t1.ru"),
        priority=4,
        affects_whole_vo=True,
        is_exact=True,
        lines=(
            Line("feng", "assign", 0.3, to="JINR-T1"),
            Line("noah", "me too", 0.2),
            Line("uma", "me too", 0.2),
            Line(
                "igor",
                "say",
                0.5,
                "The optical line to Moscow is cut, the provider is on the way. A downtime is declared.",
            ),
            Line("igor", "note", 0.3, "Экскаватор. The provider speaks of four hours; the reserve line is not yet in operation."),
            Line("igor", "involve", 0.1, to="nadia"),
            Line(
                "igor",
                "solve",
                2.6,
                "The line is repaired, all services answer. Jobs that were running go on; those that wrote their output in between have to be sent again.",
                to="FIXED",
            ),
            Line("ivan", "say", 14, "Everything is back, thanks. 150 of 180 jobs survived."),
            Line("ivan", "verify", 0.05),
        ),
    ),
    Scene(
        121,
        "chloe",
        "Staging de cchpss-juno très lent / staging in Lyon very slow",
        "Bonjour,\n\nmes demandes de staging (run 6502 à 6510, 2400 fichiers) n'avancent presque plus: 40 fichiers en 6 heures. Est-ce lié à la maintenance du robot?\n\nMerci d'avance,\nChloé",
        "Storage and tape",
        sites=("IN2P3-CC",),
        hosts=("cchpss-juno.in2p3.fr",),
        priority=2,
        problem_hours_before=2,
        lines=(
            Line("carla", "assign", 0.8, to="IN2P3-CC"),
            Line(
                "omar",
                "say",
                1.5,
                "Bonjour Chloé, yes: one of two robots is stopped until tomorrow (see the downtime). Requests are served, slowly. / Un robot est arrêté jusqu'à demain.",
            ),
            Line("omar", "next step", 0.2, "Look at the queue when the robot is back", to="26"),
            Line(
                "omar",
                "solve",
                28,
                "The robot is back; all 2400 files are online. Le robot est réparé, tout est en ligne.",
                to="FIXED",
            ),
            Line("chloe", "say", 3, "Parfait, merci beaucoup!"),
            Line("chloe", "verify", 0.1),
        ),
    ),
    Scene(
        96,
        "noah",
        "My SSH key was in a public repository",
        "By mistake I pushed my private SSH key to a public repository on Tuesday. It gives access to the user interfaces in Beijing and Lyon. I removed it after about two hours. What should I do?",
        "Security",
        sites=("BEIJING-LCG2", "IN2P3-CC"),
        priority=3,
        lines=(
            Line(
                "sven",
                "say",
                0.4,
                "Thank you for telling us at once. Please make a new key now and do not use the old one again. We lock it at both sites.",
            ),
            Line("sven", "note", 0.5, "Key removed in Beijing (ihep-csirt) and Lyon. Logins of the account checked since Tuesday: only known addresses."),
            Line("noah", "say", 2, "New key made, the old one is deleted everywhere I know of."),
            Line("sven", "next step", 0.3, "Check the logins once more after a week", to="140"),
        ),
    ),
    Scene(
        21,
        "quentin",
        "Unknown process uses all cores of ui01-juno",
        "On `ui01-juno.cr.cnaf.infn.it` a process named `kworkerds` of an account that I do not know uses all cores and talks to an address in no network of ours.",
        "Security",
        sites=("INFN-T1",),
        hosts=("ui01-juno.cr.cnaf.infn.it",),
        priority=4,
        lines=(
            Line("sven", "take", 0.3),
            Line("sven", "note", 0.2, "Looks like a miner. CNAF's CSIRT called by phone, host taken off the network, memory image first."),
        ),
    ),
    Scene(
        150,
        "uma",
        "Nightly build of the offline software fails on aarch64",
        "The nightly build has failed on aarch64 for two weeks:\n\n```\nerror: 'immintrin.h' file not found\n```\n\nOur cluster in Thailand is aarch64 only, so my thesis depends on it.",
        "Offline software",
        priority=1,
        lines=(
            Line("rosa", "assign", 2.5, to="JUNO-Offline"),
            Line("uma", "say", 50, "Is there any news? I cannot continue."),
            Line("uma", "escalate", 0.05),
            Line("uma", "escalate", 72),
            Line("klara", "note", 1.0, "Lena is on a conference until Wednesday; I asked her colleagues by mail."),
        ),
    ),
    Scene(
        190,
        "yong",
        "Commissioning of ru-Moscow-SINP-T3: list of what is missing",
        "Dear Zoya,\n\nfor the start of the site we still miss: \n\n- [ ] certification in GOCDB\n- [ ] 200 test jobs without an error\n- [ ] transfer test with Beijing, 1 TB\n- [ ] a list for alarms\n\nCan you tell us by when each is realistic?",
        "Other",
        sites=("ru-Moscow-SINP-T3",),
        notified_site="ru-Moscow-SINP-T3",
        priority=1,
        lines=(
            Line("zoya", "say", 8, "Добрый день! The transfer test runs since today, 1 TB should be through tomorrow. Test jobs next week, then we apply for the certification."),
            Line("zoya", "next step", 0.2, "200 test jobs", to="220"),
            Line("igor", "say", 30, "From the operations centre: the application can be sent when the test jobs are through, certification takes about three weeks."),
            Line("zoya", "say", 40, "Transfer test done: 1.02 TB, 310 Mbit/s on average, no error."),
            Line("mei", "note", 5, "Checked on our side: all 260 files have the right checksum."),
        ),
    ),
    Scene(
        118,
        "jun",
        "Consolidate the replicas of the 2025 calibration data",
        "The calibration data of 2025 have between one and five replicas. They should have two: Beijing and one in Europe. About 140 TB could be freed.",
        "Data transfer",
        sites=("BEIJING-LCG2", "IN2P3-CC", "INFN-T1"),
        priority=1,
        lines=(
            Line("feng", "assign", 1.0, to="JUNO-Data-Management"),
            Line("mei", "say", 4, "I make a list and send it to the sites before anything is deleted."),
            Line("mei", "hold", 20, "Waits for the quarterly maintenance in Lyon: nothing is deleted before.", to="200"),
        ),
    ),
    Scene(
        140,
        "marta",
        "Jobs at CNAF end without output and without an error",
        "About 3 % of my jobs at GRID.INFN-CNAF.it end with *Done*, but there is no output and the log stops in the middle. Example: 42011873 on wn214.",
        "Job submission and execution",
        sites=("INFN-T1",),
        priority=2,
        lines=(
            Line("carla", "assign", 0.7, to="JUNO-Production"),
            Line("jun", "return", 6, "These are user jobs, not ours. The log stops when the pilot ends, so it looks like the site."),
            Line("klara", "assign", 0.5, to="INFN-T1", text="The pilots end early, please have a look."),
            Line("paolo", "return", 18, "The nodes are fine and the batch system ended nothing. The payload ended itself with exit code 0."),
            Line("klara", "assign", 1.0, to="JUNO-Offline", text="Exit code 0 without output: perhaps the framework?"),
            Line("lena", "say", 22, "Could you try with `--loglevel 2`? I suspect that an exception is swallowed at the end of the job."),
            Line("lena", "ask", 0.1, "Please send the log of one such job, the whole file."),
            Line("marta", "say", 16, "Done, there is a copy in my home in Bologna: `~marta/logs/42011873.log`. There is indeed an exception in *finalize*."),
            Line("lena", "note", 3, "finalize() catches everything and returns 0. Since J23. Embarrassing."),
            Line("lena", "next step", 0.1, "Release J24.2.2 with the fix", to="60"),
        ),
    ),
    Scene(
        290,
        "wei",
        "All jobs in Beijing failed at the same moment",
        "All 812 running jobs in Beijing are gone. Is this the power maintenance? I thought it would begin an hour later.",
        "Job submission and execution",
        sites=("BEIJING-LCG2",),
        priority=2,
        is_exact=True,
        lines=(
            Line("feng", "assign", 0.4, to="BEIJING-LCG2"),
            Line("hao", "say", 0.6, "Yes. The nodes were switched off an hour before the machines, as announced in the downtime. We should have drained the queues earlier. 抱歉!"),
            Line("hao", "solve", 11, "Power is back, all services run. For the next maintenance the queues will be drained 24 h before.", to="FIXED"),
            Line("wei", "verify", 10),
        ),
    ),
    Scene(
        170,
        "tomas",
        "belle: transfers to IN2P3-CC fail with 403",
        "Since last night our transfers to the dCache doors in Lyon fail with *403 Forbidden*. Tokens are valid.",
        "Data transfer",
        vo="belle",
        sites=("IN2P3-CC",),
        priority=2,
        lines=(
            Line("klara", "assign", 1.2, to="IN2P3-CC"),
            Line("boris", "ask", 3, "Which issuer do your tokens have? We see two different ones."),
            Line("tomas", "say", 4, "https://iam-belle.example.org/ — the old one has been switched off."),
            Line("boris", "solve", 5, "The new issuer is configured on all doors.", to="FIXED"),
        ),
    ),
    Scene(
        60,
        "vera",
        "Lyon: new group for the reactor analysis",
        "Please make a group *juno-reactor* with 50 TB in Lyon, from the quota that we have. The board agreed on Monday.",
        "Storage and tape",
        sites=("IN2P3-CC",),
        notified_site="IN2P3-CC",
        priority=1,
        lines=(
            Line("boris", "take", 4),
            Line("boris", "ask", 2, "Who may write there? A list of user names is enough."),
        ),
    ),
    Scene(
        230,
        "noah",
        "Please support Python 2 again",
        "My old scripts need Python 2.7, which is no longer in the release.",
        "Offline software",
        priority=1,
        lines=(
            Line("carla", "assign", 2, to="JUNO-Offline"),
            Line("lena", "leave-unsolved", 20, "Python 2 gets no fixes any more and is not coming back. `2to3` converts most scripts; ask here if one resists.", to="WONT_FIX"),
        ),
    ),
    Scene(
        36,
        "quentin",
        "Shift report: three sites red in the night",
        "In the night shift INFN-T1, JINR-LCG2 and BEIJING-LCG2 were red for 20 minutes at the same time. All came back by themselves. Perhaps it was our own monitoring?",
        "Monitoring",
        sites=("INFN-T1", "JINR-LCG2", "BEIJING-LCG2"),
        priority=1,
        lines=(
            Line("klara", "say", 7, "The monitoring host itself had lost its network in that time, the sites were fine. I ask for a second one."),
            Line("klara", "next step", 0.1, "Ask for a second monitoring host", to="50"),
        ),
    ),
    Scene(
        9,
        "ivan",
        "GRID.JINR-LCG2: jobs are drained, is it the cooling?",
        "My jobs at JINR-LCG2 do not start since the morning. Кондиционер опять? The running ones go on.",
        "Job submission and execution",
        sites=("JINR-LCG2",),
        hosts=("lcgarc01.jinr.ru",),
        notified_site="JINR-LCG2",
        priority=2,
        problem_hours_before=2,
        lines=(
            Line("nadia", "say", 1.5, "Да. Cooling runs on the reserve unit, so half of the nodes are drained. It should be over tomorrow in the morning, see the downtime."),
        ),
    ),
    Scene(
        470,
        "noah",
        "Which Stratum 1 do jobs in Aachen use?",
        "Our cluster in Aachen is to run juno jobs. Which CVMFS server should be in the configuration?",
        "CVMFS and squid",
        lines=(
            Line("klara", "say", 1, "The one in Lyon is the nearest; `CVMFS_SERVER_URL` is in the guide for sites."),
            Line("klara", "solve", 0.1, "Use the Stratum 1 in Lyon, and a squid of your own from 100 slots on.", to="WORKS_AS_DESIGNED"),
        ),
    ),
    Scene(
        52,
        "ada",
        "Proxy renewal fails for long jobs",
        "Jobs that run longer than 24 h lose their proxy: *Proxy is expired*, although renewal is switched on.",
        "Certificates, VOMS, IAM",
        sites=("BEIJING-LCG2",),
        priority=2,
        is_exact=True,
        lines=(
            Line("feng", "assign", 0.5, to="BEIJING-LCG2"),
            Line("hao", "say", 3, "The renewal daemon had stopped, I see. It runs again."),
            Line("hao", "solve", 2, "The renewal daemon was restarted and is watched now.", to="FIXED"),
            Line("ada", "reopen", 30, "Last night again: 14 jobs lost their proxy between 01:00 and 03:00."),
        ),
    ),
    Scene(
        26,
        "quentin",
        "Pilots are aborted at lcgarc02.jinr.ru",
        "Nine pilots of ten are aborted at this CE since yesterday in the evening, the other CE of the site takes its jobs.\n\n"
        "```\nARC-CE submission failed: LRMS error (271): job killed, node drained\n```",
        "Job submission and execution",
        sites=("JINR-LCG2",),
        hosts=("lcgarc02.jinr.ru",),
        notified_site="JINR-LCG2",
        priority=2,
        problem_hours_before=4,
        is_team=True,
        lines=(
            Line("nadia", "say", 3, "The nodes behind this CE are those that had to be drained; it should not take jobs at all. We look why it does."),
            Line("rosa", "say", 9, "From the American shift: still the same, 41 pilots aborted since midnight. DIRAC sends none there from now on."),
            Line("nadia", "next step", 4, "Close the queue of lcgarc02 until the nodes are back", to="30"),
        ),
    ),
    Scene(
        100,
        "jun",
        "Raw data does not arrive at JINR-T1",
        "FTS has moved nothing to JINR-T1 since 03:00 UTC, 2.1 TB of raw data wait in Beijing. Other destinations are fine.",
        "Data transfer",
        sites=("JINR-T1", "BEIJING-LCG2"),
        notified_site="JINR-T1",
        priority=3,
        problem_hours_before=3,
        affects_whole_vo=True,
        is_team=True,
        lines=(
            Line("igor", "take", 0.6),
            Line("igor", "ask", 0.4, "Since when exactly, and is it all files or those of one pool?"),
            Line("klara", "say", 1.2, "All files. The last one that arrived was at 02:52 UTC; Jun sleeps, I go on with it."),
            Line("igor", "solve", 5, "A full disk on the door node: its log had grown to 400 GB. Rotated, and watched from now on.", to="FIXED"),
            Line("quentin", "verify", 9),
        ),
    ),
)  # fmt: skip
"""All scenes; the order does not matter."""
