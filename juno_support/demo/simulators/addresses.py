"""Where each simulated upstream answers, and with which credentials: what a portal must be told.

The module knows paths and texts only, so that whoever starts the portal can read it.
"""

ARGO_KEY = "demo-argo-key"
DIRAC_TOKEN = "demo-dirac-token"  # noqa: S105 (a simulator's, and no secret)
DIRACX_CLIENT = "myDIRACClientID"
ARCHIVE = "esmond/perfsonar/archive"


def settings_for(upstreams: str) -> dict[str, dict[str, str]]:
    """Return the variables of each family of sources, by the beginning of their names.

    :param upstreams: the address of the demo's upstreams, such as ``http://127.0.0.1:9000``
    """
    return {
        "JUNO_ARGO": {"URL": f"{upstreams}/argo/api", "API_KEY": ARGO_KEY},
        "JUNO_DIRAC_HTTPS": {
            "URL": f"{upstreams}/dirac",
            "TOKEN": DIRAC_TOKEN,
            "OWNER_GROUP": "juno_user,juno_production",
        },
        "JUNO_DIRAC_WEBAPP": {"URL": f"{upstreams}/dirac/DIRAC"},
        "JUNO_DIRACX": {"URL": f"{upstreams}/diracx"},
        "JUNO_PERFSONAR": {
            "URL": f"{upstreams}/perfsonar/{ARCHIVE}",
            "ARCHIVES": f"{upstreams}/perfsonar-legacy/{ARCHIVE}",
        },
        "JUNO_MADDASH": {"URL": f"{upstreams}/maddash"},
    }
