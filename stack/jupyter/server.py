"""JupyterLab's configuration, made from the settings. Nothing in it asks the network."""

from jupyter_server.serverapp import ServerApp
from traitlets.config import Config

from common.settings import LOOPBACK, ROOT, SERVICE, Settings
from stack.jupyter.folders import checkpoints_folder, home, notebooks_folder
from workspace.lab.contents import KeptCheckpoints, SourceContents

_HERE = ROOT / "stack" / "jupyter"
# A kernel whose notebook nobody runs holds a JVM; one whose stream is shown says something at each micro-batch.
_IDLE_SECONDS = 3_600


def environment(settings: Settings) -> dict[str, str]:
    """Return what makes Jupyter, and kernels, read and write nothing of the account's own Jupyter."""
    own = home(settings)
    return {
        "JUPYTER_CONFIG_DIR": str(own / "config"),
        "JUPYTER_DATA_DIR": str(own / "data"),
        "JUPYTER_RUNTIME_DIR": str(own / "runtime"),
        "IPYTHONDIR": str(own / "ipython"),
        "JUPYTER_PATH": str(_HERE),
        "JUPYTER_CONFIG_PATH": str(_HERE),
        "PYTHONPATH": str(ROOT),
        "PIPELINE_NOTEBOOKS": str(notebooks_folder(settings)),
        SERVICE: "notebook",  # kernels have its secrets, without the token
    }


def configuration(settings: Settings) -> Config:
    """Return the server's configuration."""
    config = Config()
    config.ServerApp.update(
        ip=settings.notebook.host,
        port=settings.notebook.port,
        port_retries=0,
        root_dir=str(notebooks_folder(settings)),
        default_url="/lab",
        open_browser=False,
        allow_root=True,
        # In a container it listens on all addresses, and would take any name for its own then.
        allow_remote_access=False,
        local_hostnames=["localhost", LOOPBACK],
        contents_manager_class=SourceContents,
        extra_template_paths=[str(_HERE / "templates")],
        terminals_enabled=False,
        jpserver_extensions={
            "jupyterlab": True,
            "jupyter_lsp": False,
            "jupyter_server_terminals": False,
            "notebook_shim": False,
        },
    )
    config.IdentityProvider.token = settings.notebook.token.get_secret_value()
    config.PasswordIdentityProvider.allow_password_change = False
    config.FileContentsManager.delete_to_trash = False
    config.ContentsManager.checkpoints_class = KeptCheckpoints
    config.FileCheckpoints.root_dir = str(checkpoints_folder(settings))
    config.KernelSpecManager.update(ensure_native_kernel=False, allowed_kernelspecs={"pinterest"})
    config.MultiKernelManager.default_kernel_name = "pinterest"
    config.MappingKernelManager.update(cull_idle_timeout=_IDLE_SECONDS, cull_interval=60, cull_connected=True)
    config.LabApp.update(
        news_url=None,
        check_for_updates_class="jupyterlab.handlers.announcements.NeverCheckForUpdate",
        extension_manager="readonly",
        user_settings_dir=str(home(settings) / "config" / "settings"),
        workspaces_dir=str(home(settings) / "config" / "workspaces"),
    )
    return config


def serve(settings: Settings) -> None:
    """Serve, until a signal."""
    ServerApp.launch_instance(argv=[], config=configuration(settings))
