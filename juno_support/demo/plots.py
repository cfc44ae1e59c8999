"""What tickets of the demo are about: problems, conversations, solutions.

In every text ``{host}`` is an affected host, ``{site}`` a site, ``{dirac}`` its name in DIRAC,
``{job}`` a DIRAC job id, ``{run}`` a run number, ``{n}`` a number, ``{node}`` a worker node,
``{path}`` a path in the file catalogue, ``{name}`` the submitter's name.
"""

# ruff: noqa: E501 (people write long lines)

from dataclasses import dataclass

from juno_support.demo.simulators.gocdb_topology import (
    ARC,
    BANDWIDTH,
    HTCONDOR,
    SQUID,
    SRM,
    STRATUM_0,
    TAPE,
    VOMS,
    WEBDAV,
    XROOTD,
)

COMPUTE = (HTCONDOR, ARC)
STORAGE = (XROOTD, WEBDAV)
CENTRES = ("BEIJING-LCG2", "IN2P3-CC", "INFN-T1", "JINR-T1", "JINR-LCG2")
SITE = "the site"


@dataclass(frozen=True)
class Plot:
    """One kind of problem.

    :ivar unit: the unit that can solve it, or ``SITE`` for that of the affected site
    :ivar question: what the supporter asks and what the submitter answers
    :ivar internal: what supporters note for one another
    :ivar answers: what the supporter says in public on the way
    :ivar log: a text that the submitter attaches
    """

    issue_type: str
    unit: str
    subjects: tuple[str, ...]
    texts: tuple[str, ...]
    solution: str
    sites: tuple[str, ...] = CENTRES
    types: tuple[str, ...] = ()
    priorities: tuple[int, ...] = (1, 2)
    question: tuple[str, str] | None = None
    internal: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    code: str = "FIXED"
    log: str = ""


PLOTS = (
    # --- jobs -----------------------------------------------------------------------------
    Plot(
        "Job submission and execution",
        SITE,
        ("Pilots fail at {host}", "No pilot starts on {host} since this morning"),
        (
            "All pilots sent to {host} since about six hours end in *Aborted*. DIRAC shows for {dirac}:\n\n```\nPilot {job} Aborted: HTCondor error: Failed to authenticate with any method\n```\n\nOther CEs of {site} look fine.",
            "Dear colleagues,\n\n{n} pilots are waiting at {host} and none has started. The other CEs of the site take jobs normally. Could you have a look at the CE?\n\nBest regards,\n{name}",
        ),
        "The CE had not picked up the new host certificate. It was restarted, and pilots run again.",
        types=COMPUTE,
        priorities=(2, 3),
        internal=(
            "Host certificate renewed on Monday, the collector still had the old one in memory.",
            "Same as two weeks ago on the neighbour CE. We should restart it in the renewal hook.",
        ),
        answers=("Thank you, I see the failures in the logs of the CE. I am looking into it.",),
        log="11/12 03:14:07 DC_AUTHENTICATE: required authentication failed\n11/12 03:14:07 SECMAN: FAILED: Received \"DENIED\" from server\n",
    ),
    Plot(
        "Job submission and execution",
        SITE,
        ("Jobs killed for memory at {site}", "Reconstruction jobs exceed 2 GB at {site} and are killed"),
        (
            "Since the new release our reconstruction jobs (J24.2) use up to 2.6 GB. At {site} they are killed by the batch system:\n\n`peak memory 2714 MB exceeds limit 2048 MB`, for example job {job} on {node}.\n\nCould the limit of our queue be raised to 3 GB? At the other centres it is 3 GB already.",
        ),
        "The limit for juno is now 3 GB per core. Jobs that were killed can be sent again.",
        types=COMPUTE,
        question=(
            "How many of your jobs need that much? A rough share is enough.",
            "About 30 % of the reconstruction jobs, those with many muons. Simulation stays below 1.5 GB.",
        ),
        internal=("3 GB is fine with the pledge if they run fewer than 800 slots of it.",),
    ),
    Plot(
        "Job submission and execution",
        SITE,
        ("Worker node {node} is a black hole", "{node} eats all our jobs"),
        (
            "{n} jobs failed within one minute, all on {node}: `/cvmfs/juno.ihep.ac.cn: Transport endpoint is not connected`. Please take the node out.",
            "Hi,\n\none worker node ({node}) fails every job at once and therefore attracts more and more of them. {n} failures in the last hour. First failing job: {job}.",
        ),
        "The node is out of production; its CVMFS client hung after a full cache partition. Reinstalled.",
        types=COMPUTE,
        priorities=(2, 3),
        answers=("The node is drained. We check why the health check did not notice.",),
        internal=("Health check only tests /cvmfs/atlas; add juno's repository to it.",),
    ),
    Plot(
        "Job submission and execution",
        SITE,
        ("Jobs stay in state Waiting for {site}", "{dirac} takes no jobs although slots are free"),
        (
            "Our production has {n} waiting jobs for {dirac}, but only 12 run. The site's page shows free slots. Is there a limit for juno?",
        ),
        "A limit of 12 jobs for juno was left over from the tests. It is removed, and the share follows the pledge again.",
        types=COMPUTE,
        answers=("There is indeed a limit in our scheduler, I ask who set it.",),
    ),
    Plot(
        "Job submission and execution",
        "JUNO-Production",
        ("Simulation request {n} makes no progress", "Please raise the priority of my production request {n}"),
        (
            "The request {n} (IBD, {run}) was accepted last week and has produced nothing so far. I need the sample for the collaboration meeting. Can its priority be raised?",
        ),
        "The request waited behind the calibration campaign. It has priority now and should be done within two days.",
        sites=(),
        priorities=(1, 2),
        question=(
            "Do you need all 10 million events, or would one million help for the meeting?",
            "One million would be enough for now, thank you!",
        ),
        code="WORK_AROUND",
    ),
    Plot(
        "Job submission and execution",
        "JUNO-Production",
        ("Output of production {n} is incomplete", "Missing files in production {n}"),
        (
            "In the output of production {n} there are 987 of 1000 files. The job monitor says *Done* for all. The first missing one should be `{path}`.",
        ),
        "The 13 jobs had finished but their output was never registered. It was registered by hand, and the check after each production now compares both lists.",
        sites=(),
        answers=("I can confirm: 13 files lie on the storage but are not in the catalogue.",),
    ),
    # --- data -----------------------------------------------------------------------------
    Plot(
        "Data transfer",
        SITE,
        ("Transfers to {host} fail with checksum mismatch", "Checksum errors when copying to {site}"),
        (
            "About 5 % of the transfers from Beijing to {host} fail:\n\n```\nTRANSFER [70] DESTINATION CHECKSUM HTTP 409 : Checksum mismatch\n```\n\nThe same files arrive well on the second or third try. First seen for `{path}`.",
        ),
        "One of the storage pools had a faulty network card that corrupted data in flight. The card was replaced; files written in the last week were verified.",
        types=STORAGE,
        priorities=(2, 3),
        answers=(
            "All failures go through the same pool. It is set to read-only until we know more.",
        ),
        internal=("Pool 14, ethtool shows 10^4 CRC errors a day. Spare card arrives tomorrow.",),
    ),
    Plot(
        "Data transfer",
        SITE,
        ("Cannot read files at {host}: permission denied", "Permission denied on {host}"),
        (
            "I cannot read files from {host} any more, yesterday it worked:\n\n```\n$ xrdcp root://{host}/{path} .\n[ERROR] Server responded with an error: [3010] Permission denied\n```\n\nMy proxy is valid and has the attribute /juno/Role=NULL.",
            "Bonjour,\n\ndepuis hier je n'arrive plus à lire les fichiers sur {host} (permission denied). Is it a known problem? My proxy is fine.\n\nMerci,\n{name}",
        ),
        "The mapping of /juno without a role was lost in last night's update of the configuration. It is back.",
        types=STORAGE,
        question=(
            "Could you send the output of `voms-proxy-info --all`? Without the key, of course.",
            "Here it is:\n\n```\nsubject   : /DC=org/DC=example/CN={name}/CN=1234567\nattribute : /juno/Role=NULL/Capability=NULL\ntimeleft  : 21:13:40\n```",
        ),
    ),
    Plot(
        "Data transfer",
        "JUNO-Data-Management",
        ("Replication of run {run} to {site} is stuck", "Run {run} is not yet at {site}"),
        (
            "The raw data of run {run} should have three replicas since Monday. At {site} only 214 of 380 files have arrived, and nothing has moved for a day.",
        ),
        "The transfers had used up their tries. They were started again and are complete now.",
        priorities=(2,),
        answers=("FTS gave up on 166 files after three tries. I look at the reason before I start them again.",),
        internal=("All of them failed on Friday between 02:00 and 05:00 UTC, in the downtime.",),
    ),
    Plot(
        "Data transfer",
        "JUNO-Data-Management",
        ("Lost file in the catalogue: run {run}", "File registered but not on storage at {site}"),
        (
            "The catalogue says that `{path}` is at {site}, but the storage answers *No such file or directory*. The replica in Beijing is readable.",
        ),
        "The file was lost in the pool accident of last year and missed in the clean-up. The entry is removed and a new replica was made from Beijing.",
        types=STORAGE,
    ),
    Plot(
        "Storage and tape",
        SITE,
        ("Staging from tape takes more than a day at {site}", "Tape: {n} files still not staged at {site}"),
        (
            "We asked for {n} files of run {run} from tape at {site} more than 24 h ago. 60 are online, the others are still *QUEUED*. We need them for the reprocessing.",
            "Le staging depuis {host} est très lent depuis hier: {n} fichiers demandés, 60 seulement sont en ligne. Is there a problem with the tape robot?",
        ),
        "The tape drives were busy with another experiment's campaign. We gave juno two drives of its own, the queue is empty now.",
        types=(TAPE,),
        sites=("BEIJING-LCG2", "IN2P3-CC", "INFN-T1", "JINR-T1"),
        priorities=(1, 2, 3),
        answers=("The requests are queued and healthy, the library is busy. Expected today in the evening.",),
        internal=("3 of 10 drives are broken, the vendor comes on Thursday.",),
    ),
    Plot(
        "Storage and tape",
        SITE,
        ("Quota of juno exceeded at {site}", "No space left on {host}"),
        (
            "Jobs at {dirac} fail when they store their output: `[ERROR] Server responded with an error: [3009] no space left on device; quota exceeded`. The monitoring shows 98.7 % used.",
        ),
        "200 TB were added from next year's pledge. Please clean up the scratch area, too: it holds 90 TB older than six months.",
        types=STORAGE,
        priorities=(3,),
        answers=("The quota is full indeed. I ask our management whether part of the new pledge can be given early.",),
        internal=("New disks are installed, 200 TB can be given today. 批准了.",),
    ),
    Plot(
        "Storage and tape",
        "JUNO-Data-Management",
        ("Please delete dataset {n}", "Old test productions can be deleted"),
        (
            "The dataset of the test production {n} is no longer needed (about {n} GB at {site}). Could you delete all replicas? I am its owner.",
        ),
        "Deleted at all sites, the space is free again.",
        priorities=(1,),
        question=("Also the replica on tape?", "Yes please, everything."),
    ),
    # --- certificates ---------------------------------------------------------------------
    Plot(
        "Certificates, VOMS, IAM",
        "TPM",
        ("voms-proxy-init fails: unknown user", "VOMS: User unknown to this VO"),
        (
            "I got a new certificate, and now:\n\n```\n$ voms-proxy-init --voms juno\nContacting voms.ihep.ac.cn:15008 ... failed\nError: User unknown to this VO.\n```\n\nWith the old certificate everything worked.",
            "Hello, since my certificate was renewed (the CA changed its name) I am no longer known to the VO. What should I do?",
        ),
        "Your new certificate is now linked to your membership in VOMS. For the next time: add it at https://voms.ihep.ac.cn:8443/voms/juno/ before the old one expires.",
        sites=(),
        types=(VOMS,),
        answers=("The subject of your certificate changed, so VOMS does not know that it is you. The VO manager has to add it.",),
    ),
    Plot(
        "Certificates, VOMS, IAM",
        SITE,
        ("Host certificate of {host} expires in three days", "Certificate of {host} has expired"),
        (
            "Our tests say that the certificate of {host} expires soon:\n\n```\nnotAfter=Nov 30 23:59:59 GMT\n```\n\nPlease renew it in time.",
        ),
        "Renewed, valid for another year. Merci for the reminder.",
        types=(*COMPUTE, *STORAGE, SRM),
        priorities=(1, 2),
    ),
    Plot(
        "Certificates, VOMS, IAM",
        "TPM",
        ("How do I become a member of the VO?", "New student needs grid access"),
        (
            "Dear support,\n\na student of our group starts next week and needs access to the grid. What has to be done? Is a certificate still needed, or does the token from IAM suffice?\n\nRegards,\n{name}",
        ),
        "Membership is asked for at https://voms.ihep.ac.cn:8443/voms/juno/ with a certificate in the browser; the group leader confirms it. Tokens work for storage in Lyon and Bologna already, job submission still wants a proxy.",
        sites=(),
        priorities=(1,),
        code="WORKS_AS_DESIGNED",
    ),
    # --- software -------------------------------------------------------------------------
    Plot(
        "Offline software",
        "JUNO-Offline",
        ("J24.2: crash in the waveform reconstruction", "Segmentation fault in WaveformRec with run {run}"),
        (
            "The reconstruction of run {run} crashes reproducibly after event {n}:\n\n```\n *** Break *** segmentation violation\n#5  0x00007f3c in WaveformRec::Deconvolve(PmtHit const&) at src/WaveformRec.cc:412\n```\n\nJ24.1 works on the same file `{path}`.",
        ),
        "A PMT without calibration made an index run over the end. Fixed in J24.2.1, which is on CVMFS.",
        sites=(),
        priorities=(2, 3),
        question=(
            "Does it happen with `--no-conddb`, too?",
            "No, with that switch it runs through. So it comes from the calibration constants.",
        ),
        answers=("I can reproduce it, thank you for the file.",),
        log="*** Break *** segmentation violation\n#4  WaveformRec::Deconvolve(PmtHit const&)\n#5  WaveformRec::execute()\n",
    ),
    Plot(
        "Offline software",
        "JUNO-Offline",
        ("Cannot build the offline software on EL9", "cmake does not find ROOT on my machine"),
        (
            "I follow the guide on AlmaLinux 9 and get\n\n```\nCMake Error: Could not find a package configuration file provided by \"ROOT\"\n```\n\nalthough `source setup.sh` was done. 请问 EL9 现在支持吗?",
        ),
        "EL9 needs the new externals: `source /cvmfs/juno.ihep.ac.cn/el9_amd64_gcc11/Release/setup.sh`. The guide says so now.",
        sites=(),
        priorities=(1,),
        question=("Which setup script did you source, exactly?", "/cvmfs/juno.ihep.ac.cn/centos7_amd64_gcc1120/Pre-Release/J24.1.x/setup.sh"),
        code="WORK_AROUND",
    ),
    Plot(
        "Offline software",
        "JUNO-Offline",
        ("Wrong position of the calibration source in the simulation", "ACU source 5 cm off in J24.2"),
        (
            "When the ACU source is set to z = 0, the simulated vertices are centred at z = -51 mm. In J23 it was 0. See the plot.",
        ),
        "The geometry took the position of the source's holder instead of the source. Fixed for the next release; until then add 51 mm.",
        sites=(),
        code="WORK_AROUND",
        answers=("Good catch. I check the geometry of the holder.",),
    ),
    Plot(
        "CVMFS and squid",
        SITE,
        ("Squid {host} does not answer", "CVMFS is slow at {site}: proxy {host} times out"),
        (
            "The client says `Proxy {host}:3128 timed out, switching to the next`. Jobs at {site} take ten minutes to set up the software.",
            "Buongiorno,\n\ni job a {site} passano 10 minuti nel setup: the squid {host} seems to be overloaded ({n} clients). Potete controllare?\n\nGrazie,\n{name}",
        ),
        "The cache partition was full of old objects. It was emptied, and a second squid is in the list of proxies now.",
        types=(SQUID,),
        answers=("The squid swaps. We restart it and look at its cache.",),
    ),
    Plot(
        "CVMFS and squid",
        "JUNO-Offline",
        ("J24.2 is not on CVMFS at {site}", "CVMFS at {site} is a day behind"),
        (
            "`ls /cvmfs/juno.ihep.ac.cn/el9_amd64_gcc11/Release` shows J24.1 as the newest at {site}, in Beijing J24.2 is there. Revision at {site}: {n}.",
        ),
        "The Stratum 1 that {site} uses had stopped to replicate. It runs again; the release appeared after an hour.",
        types=(STRATUM_0,),
    ),
    Plot(
        "Conditions database",
        "JUNO-Offline",
        ("Conditions database: too many connections", "Jobs fail at start: conddb refuses connections"),
        (
            "{n} jobs failed within an hour with\n\n```\nOperationalError: (1040, 'Too many connections')\n```\n\nIt begins when the production starts 3,000 jobs at once.",
        ),
        "Jobs now ask through the Frontier cache at each site instead of the database itself, so the peak has gone.",
        sites=(),
        priorities=(3,),
        internal=("Limit is 1,000. The cache was configured in Lyon and Bologna only.",),
    ),
    # --- online ---------------------------------------------------------------------------
    Plot(
        "Data transfer",
        "JUNO-Online-DAQ",
        ("Raw data of run {run} did not arrive in Beijing", "Gap in the raw data around run {run}"),
        (
            "The files of run {run} are complete on the DAQ buffer at the detector, but in Beijing 42 of 96 are missing. The buffer holds five days, so it is somewhat urgent.",
        ),
        "The transfer daemon had lost its token. It was restarted, and all files arrived. An alarm now rings after one hour without a transfer.",
        sites=("BEIJING-LCG2",),
        types=STORAGE,
        priorities=(3, 4),
        answers=("The buffer is at 61 %, so there is time until Friday. Looking at the daemon.",),
    ),
    # --- network --------------------------------------------------------------------------
    Plot(
        "Network",
        SITE,
        ("Low throughput between Beijing and {site}", "perfSONAR: throughput to {site} dropped to 200 Mbit/s"),
        (
            "Since yesterday {host} measures only 200 Mbit/s from Beijing to {site}, before it was 8 Gbit/s. The other direction is fine. Loss is 0.4 %.",
        ),
        "The provider found a dirty optical connector on the path and cleaned it. Throughput is back at 8 Gbit/s.",
        types=(BANDWIDTH,),
        sites=("IN2P3-CC", "INFN-T1", "JINR-T1"),
        priorities=(2,),
        question=("Is it the same over IPv6?", "IPv6 is fine, 7.6 Gbit/s. So only the IPv4 path is affected."),
        answers=("We opened a ticket with GÉANT.",),
        internal=("GÉANT ticket open. Path goes through Marseille since Monday's maintenance.",),
    ),
    Plot(
        "Network",
        SITE,
        ("{site} cannot be reached over IPv6", "IPv6 to {host} broken"),
        (
            "From Beijing and from CERN {host} answers over IPv4 but not over IPv6. `traceroute6` ends at the border of the site.",
        ),
        "A filter on the border router missed the new prefix. Corrected.",
        types=STORAGE,
    ),
    # --- monitoring and others ------------------------------------------------------------
    Plot(
        "Monitoring",
        SITE,
        ("{host} is red in the tests although it works", "False alarm for {host}"),
        (
            "The probe for {host} has been red for two days, but transfers work. I think that the probe uses a path that was removed.",
        ),
        "The test directory had been cleaned up with the scratch area. It is back, and the probe is green.",
        types=STORAGE,
        priorities=(1,),
    ),
    Plot(
        "Monitoring",
        "TPM",
        ("Where can I see how many of my jobs run?", "Which page shows the state of the sites?"),
        ("I am new. Is there a page that shows my running jobs by site, and which sites are in maintenance?",),
        "Jobs: the DIRAC portal, *Job Monitor*, column *Site*. Maintenance: the page *Sites* here; a click on a site shows its downtimes.",
        sites=(),
        priorities=(1,),
        code="WORKS_AS_DESIGNED",
    ),
    Plot(
        "Other",
        "TPM",
        ("Wrong link in the user guide", "Guide: the example of job submission no longer works"),
        ("In the chapter about job submission the example uses `glite-ce-job-submit`, which no longer exists.",),
        "The chapter now shows the DIRAC commands. Thank you for telling us.",
        sites=(),
        priorities=(1,),
    ),
    Plot(
        "Job submission and execution",
        SITE,
        ("Test jobs at SINP fail", "First test jobs at the new site in Moscow: no output"),
        (
            "The first ten test jobs on {host} end with status *Failed: Output sandbox could not be uploaded*. Исходящие соединения закрыты? Perhaps outgoing connections are closed on the worker nodes.",
        ),
        "Outgoing HTTPS was closed on the worker nodes. It is open now for the addresses of DIRAC, and all ten test jobs succeed.",
        sites=("ru-Moscow-SINP-T3",),
        types=(ARC,),
        answers=("Проверяю файрвол. I check the firewall with our network group.",),
    ),
    Plot(
        "Storage and tape",
        SITE,
        ("XRootD at SINP: wrong mapping of juno", "Files written at SINP belong to another VO"),
        (
            "Files that our jobs write to {host} get the group *ops* instead of *juno*, so nobody can delete them.",
        ),
        "The order of the mapping rules was wrong. Corrected, and the owner of the files, too.",
        sites=("ru-Moscow-SINP-T3",),
        types=(XROOTD,),
    ),
    Plot(
        "Job submission and execution",
        SITE,
        ("User jobs at {site} run much slower than elsewhere", "{site}: CPU efficiency below 20 %"),
        (
            "The same job takes 2 h in Beijing and 9 h at {site}. CPU efficiency is 18 %, so it seems to wait for data. Example: {job} on {node}, input `{path}`.",
        ),
        "The jobs read their input over the wide area network because the local replica was marked as unavailable. It is available again.",
        types=COMPUTE,
        question=("Do the jobs read local files, or from Beijing?", "I thought local ones. How can I see that?"),
        internal=("Replica flags were set in the downtime and never taken back.",),
    ),
    Plot(
        "Certificates, VOMS, IAM",
        SITE,
        ("CRLs out of date on {host}", "{host}: certificate revocation list has expired"),
        ("Proxies of the IHEP CA are refused by {host}: `CRL has expired`. It looks as if fetch-crl did not run.",),
        "fetch-crl could not reach two CAs and gave up on all. It runs every six hours now and tolerates single failures.",
        types=(*COMPUTE, *STORAGE),
        priorities=(2, 3),
    ),
)  # fmt: skip
"""Problems that come again and again, each time somewhere else."""
