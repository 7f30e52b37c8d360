"""Print JupyterLab's address with its token, and open it where there is a browser."""

from common.command import run_command
from common.settings import Settings, load_settings
from common.terminal import make_console
from stack.local.open import open_page


def address(settings: Settings) -> str:
    """Return the address that lets its reader in."""
    token = settings.notebook.token.get_secret_value()
    return f"{settings.notebook.page_url}/lab?token={token}"


def main() -> None:
    """Print it, and open it."""
    url = address(load_settings())
    make_console().print(f"JupyterLab  {url}", soft_wrap=True, highlight=False)
    open_page(url)


if __name__ == "__main__":
    run_command(main, "make notebook")
