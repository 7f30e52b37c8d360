"""Apply terraform/shared to the stack's LocalStack, for `make terraform-local`."""

import os
import subprocess
from pathlib import Path
from typing import Annotated

from typer import Option

from common.command import run_command
from common.settings import Settings, load_settings
from common.terminal import complain, note
from stack.terraform.program import FOLDER, Terraform, is_installed

_ANSWERED = ("-input=false", "-auto-approve")


def of_localstack(settings: Settings, **variables: str) -> Terraform:
    """Return Terraform for the shared module, at LocalStack, with the names and keys of these settings.

    Its state is in STATE_DIR, a file for each USER_ID. `variables` are further ones of the module.
    """
    own = {
        "user_id": settings.user_id,
        "region": settings.aws.region,
        "rest_proxy_url": settings.api.rest_proxy_url,
        "kinesis_shards": str(settings.kinesis.shards),
        "stage": settings.api.stage,
        "endpoint_url": settings.aws.endpoint_url,
        "force_destroy": "true",
    }
    keys = {
        "AWS_ACCESS_KEY_ID": settings.aws.access_key_id,
        "AWS_SECRET_ACCESS_KEY": settings.aws.secret_access_key.get_secret_value(),
    }
    state = _state(settings)
    state.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    given = {f"TF_VAR_{name}": value for name, value in (own | variables).items()}
    return Terraform(FOLDER / "shared", state.parent / "data", state, keys | given)


def _state(settings: Settings) -> Path:
    return settings.state_dir / "terraform" / f"{settings.user_id}.tfstate"


def _whose(settings: Settings) -> str:
    """Return a USER_ID that is not provisioning's: the stack's, if Terraform has made what is named after it."""
    return settings.user_id if _state(settings).exists() else f"tf{settings.user_id}"[:32]


def apply(terraform: Terraform, *, quiet: bool = True) -> subprocess.CompletedProcess[str]:
    """Make what is missing, and return what the last command said.

    In two rounds: LocalStack's Kinesis drops the tags that a stream is made with; later it takes them.
    """
    first = terraform.run("apply", *_ANSWERED, quiet=quiet)
    return first if first.returncode else terraform.run("apply", *_ANSWERED, quiet=quiet)


def destroy(terraform: Terraform, *, quiet: bool = True) -> subprocess.CompletedProcess[str]:
    """Remove what was made, and return what the command said."""
    return terraform.run("destroy", *_ANSWERED, quiet=quiet)


def reached_by_localstack(settings: Settings) -> Settings:
    """Return the settings with the REST proxy's address as LocalStack knows it, a container or a process as it is."""
    if os.environ.get("MODE") != "compose":
        return settings
    return settings.replace(API_REST_PROXY_URL=f"http://rest-proxy:{settings.rest_proxy.port}")


def main(
    user_id: Annotated[str, Option(help="Whose bucket, streams and API: another than the stack's own.")] = "",
    authorization: Annotated[str, Option(help="Who may call the API: none, api_key or iam.")] = "none",
    remove: Annotated[
        bool, Option("--destroy", help="Remove what was made, the bucket's objects too.")
    ] = False,
) -> None:
    """Make all of terraform/shared at LocalStack, or remove it, and print the lines of .env for it."""
    settings = load_settings()
    if not is_installed():
        raise _failed("terraform is not installed.")
    if not settings.aws.endpoint_url:
        raise _failed("AWS_ENDPOINT_URL is empty, which is AWS itself: see docs/aws.md.")
    theirs = settings.replace(USER_ID=user_id or _whose(settings))
    terraform = of_localstack(reached_by_localstack(theirs), api_authorization=authorization)
    try:
        terraform.init()
    except subprocess.CalledProcessError as error:
        raise _failed(f"Terraform has not got its provider: {error.stderr}") from None
    if (destroy if remove else apply)(terraform, quiet=False).returncode:
        raise _failed("Terraform failed. `make status` shows whether LocalStack is up.")
    if not remove:
        note("To use it, put these lines into .env, then `make up`:")
        terraform.run("output", "-raw", "dotenv", quiet=False)


def _failed(message: str) -> SystemExit:
    complain(message)
    return SystemExit(1)


if __name__ == "__main__":
    run_command(main, "make terraform-local")
