"""The stack in local mode: `python -m stack.local up|down|status|logs|restart|clean`."""

import shutil
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.live import Live

from common import health
from common.api import ApiNotFoundError, invoke_url
from common.progress import Announcer, live_status
from common.settings import Settings, load_settings
from common.terminal import make_console
from common.visible import visible
from common.wait import wait_until
from stack.local import doctor, processes, supervision
from stack.local.compose import Service, load
from stack.local.failed_starts import FailedStarts
from stack.local.restarts import restarts
from stack.os_user import remove_server_home
from stack.status import streams
from stack.status.bucket import print_rebuild
from stack.status.disk import print_disk
from stack.status.restarts import lines
from stack.status.service_table import Line, print_notes, print_services, service_table
from stack.status.sink import print_sink
from stack.status.slow_streams import print_slow_streams
from stack.status.stored import print_stored

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
console = make_console()

# Without Airflow the stack is up in 30-60 s on 2 cores; its tables and its start take 45 s more, a million source rows
# in provisioning 300 s at the most. The rest is for a machine that is shared.
_UP_SECONDS = 600
_LOG_LINES = 15

ServiceName = Annotated[str, typer.Option("--service", help="Only this service of docker-compose.yml.")]


@app.command()
def up(
    service: Annotated[str, typer.Option(help="One more, which COMPOSE_PROFILES does not name.")] = "",
) -> None:
    """Start every service, wait until all are healthy, and show them. Twice does no harm."""
    settings = load_settings()
    also = _known(settings, service) if service else ""
    before = _active(settings)
    running = supervision.running(settings)
    if not running and (left := processes.end_leftovers(settings, load(settings))):
        console.print(f"Ended what had outlived a crash: {', '.join(left)}.")
    services = _wanted(settings, also)
    new = [service for name, service in services.items() if name not in before]
    _refuse_if_unfit(doctor.ports(settings, new) if running else doctor.findings(settings, new))
    supervision.start(settings, load(settings).values())
    for name in services:
        supervision.start_service(settings, name)
    _wait_until_up(settings, services, before)


def _active(settings: Settings) -> set[str]:
    return {name for name, state in supervision.states(settings).items() if state.active}


def _wanted(settings: Settings, also: str = "") -> dict[str, Service]:
    """The services that should run: those of the chosen profiles, those that run all the same, and `also`."""
    running = _active(settings)
    services = load(settings)
    return {
        name: service
        for name, service in services.items()
        if service.enabled or name in running or name == also
    }


def _refuse_if_unfit(findings: Iterable[doctor.Finding]) -> None:
    """Show what doctor objects to; end with status 1 where the services could not start at all."""
    objections = [finding for finding in findings if finding.remedy]
    doctor.show(console, objections)
    if any(finding.fatal for finding in objections):
        raise SystemExit(1)


def _wait_until_up(settings: Settings, services: dict[str, Service], before: set[str]) -> None:
    """Show the services coming up, but those that ran `before`; status 1 and the reason where one does not."""
    problems: dict[str, str] = {}
    failed: list[str] = []
    # A job that has ended is no news: each `up` runs it again.
    well = Announcer(console, before | {name for name, service in services.items() if service.one_shot})
    well.begin(services)
    ends = FailedStarts(supervision.states(settings))

    with Live(console=console, transient=True) as live:

        def settled() -> bool:
            problems.clear()
            states = supervision.states(settings)
            ends.look(states)
            problems.update(starting(settings, services, states))
            failed[:] = [
                name for name in problems if ends.enough(name) or _has_failed(services[name], states[name])
            ]
            live.update(service_table(_lines(services, problems, states)))
            causes = {name: problems[name] for name in _causes(services, problems)}
            well.announce(services.keys() - problems.keys(), causes)
            return not problems or bool(failed)

        with suppress(TimeoutError):
            wait_until(settled, timeout=_UP_SECONDS, what="the services to be healthy", interval=0.5)
    if problems:
        _explain_failure(settings, failed or _causes(services, problems), problems)
    _show(settings, services, problems)


def _has_failed(service: Service, state: supervision.ProcessState) -> bool:
    """Return whether it is a job that has ended badly: it is not started again by itself."""
    return service.one_shot and state.name == "EXITED" and not state.ended_well


def _causes(services: dict[str, Service], problems: dict[str, str]) -> list[str]:
    """The services that have a problem though all that they depend on is well."""
    return [name for name in problems if not services[name].depends_on.keys() & problems.keys()]


def _explain_failure(settings: Settings, names: list[str], problems: dict[str, str]) -> None:
    """Show why services did not start, and end with status 1."""
    for name in names:
        console.print(f"\n{name} did not start: {problems[name]}", style="red", highlight=False)
        tail = "\n".join(_last_lines(settings, name))
        console.print(tail, style="dim", highlight=False, soft_wrap=True)
    console.print(
        f"\nSee `make logs SERVICE={names[0]}`, mend the cause (docs/troubleshooting.md lists them by symptom), "
        "then run `make up` again: it goes on from here. `make doctor` checks this machine."
    )
    raise SystemExit(1)


def _last_lines(settings: Settings, name: str) -> list[str]:
    path = supervision.log_path(settings, name)
    return path.read_text(errors="replace").splitlines()[-_LOG_LINES:] if path.exists() else []


def problem(settings: Settings, service: Service, state: supervision.ProcessState | None) -> str | None:
    """Return why a service in this state is not as it should be, or None if it is."""
    name = service.name
    if state is None:
        return "not started"
    if name not in health.CHECKS:
        return None if state.ended_well else state.spawn_error or state.name.lower()
    if not state.active:
        return state.spawn_error or state.name.lower()
    if state.name == "BACKOFF":
        return (
            state.spawn_error or f"it {state.end} and is started again: `make logs SERVICE={name}` says why"
        )
    return health.problem(name, settings) or _stranger(service, state.pid)


def _stranger(service: Service, pid: int) -> str | None:
    """That another program answers on the service's port, where it does."""
    if service.port is None or processes.listens(pid, service.port):
        return None
    return f"another program answers on port {service.port}"


def _problems(settings: Settings, services: dict[str, Service]) -> dict[str, str]:
    states = supervision.states(settings)
    found = {name: problem(settings, service, states.get(name)) for name, service in services.items()}
    return {name: reason for name, reason in found.items() if reason}


def starting(
    settings: Settings, services: dict[str, Service], states: dict[str, supervision.ProcessState]
) -> dict[str, str]:
    """Each problem; no service is asked that still waits for others: it would be told of errors that are none."""
    found: dict[str, str] = {}
    for name, service in services.items():  # in the order of their dependencies
        waits = service.depends_on.keys() & found.keys()
        if waits and states[name].active:
            found[name] = f"waits for {', '.join(sorted(waits))}"
        elif reason := problem(settings, service, states[name]):
            found[name] = reason
    return found


def _show(settings: Settings, services: dict[str, Service], problems: dict[str, str]) -> None:
    """Print the table, and the URL to post to."""
    print_services(console, _lines(services, problems, supervision.states(settings)))
    print_notes(console, _notes(settings, services))
    if "localstack" in problems and not settings.api.url:
        return  # asking it would only take time
    try:
        console.print(f"\nInvoke URL  {invoke_url(settings)}", highlight=False, soft_wrap=True)
    except (ApiNotFoundError, BotoCoreError, ClientError) as error:
        console.print(f"\n{error}", style="yellow", highlight=False)


def _lines(
    services: dict[str, Service], problems: dict[str, str], states: dict[str, supervision.ProcessState]
) -> list[Line]:
    return [
        Line(name, problems.get(name), service.one_shot, service.url, _memory(states, name))
        for name, service in services.items()
    ]


def _notes(settings: Settings, services: dict[str, Service]) -> list[str]:
    """The restarts of the services that are to run on: a job runs again at each `make up`."""
    found = restarts(settings)
    return lines(
        {name: found[name] for name, service in services.items() if name in found and not service.one_shot}
    )


def _memory(states: dict[str, supervision.ProcessState], name: str) -> int:
    pid = states[name].pid if name in states else 0
    return processes.memory(pid) if pid else 0


@app.command()
def status() -> None:
    """Show each service: state, URL, memory; how far behind the streaming queries are; and the disk."""
    settings = load_settings()
    _require_up(settings)
    services = _wanted(settings)
    _show(settings, services, _problems(settings, services))
    print_rebuild(console, settings)
    streams.print_streams(console, settings)
    print_slow_streams(console, settings)
    print_sink(console, settings)
    print_stored(console, settings)
    print_disk(console, settings)


def _require_up(settings: Settings) -> None:
    if not supervision.running(settings):
        console.print("The stack is not up. Start it with `make up`.")
        raise SystemExit(1)


@app.command()
def logs(
    service: ServiceName = "", follow: Annotated[bool, typer.Option(help="Go on until Ctrl-C.")] = False
) -> None:
    """Show the last lines of the services' logs."""
    settings = load_settings()
    names = [_known(settings, service)] if service else list(load(settings))
    files = [supervision.log_path(settings, name) for name in names]
    present = [str(file) for file in files if file.exists()]
    if not present:
        console.print("There are no logs yet. Start the stack with `make up`.")
        return
    _print_visibly(["tail", "-n", "40", *(["-F"] if follow else []), *present])


def _print_visibly(command: list[str]) -> None:
    """Print what the command prints: log lines of servers, which quote data."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="backslashreplace") as process:
        try:
            for line in process.stdout or ():
                print(visible(line), end="", flush=True)
        finally:
            process.terminate()  # where the reader of our output has left


def _known(settings: Settings, service: str) -> str:
    names = list(load(settings))
    if service not in names:
        console.print(f"There is no service {service!r}. The services: {', '.join(names)}.", highlight=False)
        raise SystemExit(2)
    return service


@app.command()
def restart(service: ServiceName) -> None:
    """Restart one service, and wait until all are healthy again."""
    settings = load_settings()
    name = _known(settings, service)
    _require_up(settings)
    others = _active(settings) - {name}
    services = _wanted(settings, name)
    supervision.start(
        settings, load(settings).values()
    )  # a setting that has changed holds for all that it concerns
    for other in others:
        supervision.start_service(settings, other)
    supervision.restart_service(settings, name)
    _wait_until_up(settings, services, others)


@app.command()
def down() -> None:
    """Stop every service; the data stay."""
    stopped = _stop(load_settings())
    console.print("Stopped. The data are kept." if stopped else "The stack was not up.")


def _stop(settings: Settings) -> bool:
    """Stop every service; whether any ran. Ends with status 1 where one goes on."""
    try:
        with live_status(console, "Stopping the services ..."):
            stopped = supervision.shutdown(settings)
            left = processes.end_leftovers(settings, load(settings))
    except TimeoutError as error:
        console.print(f"{error}. `make status` shows what still runs; `make down` can be repeated.")
        raise SystemExit(1) from None
    return stopped or bool(left)


@app.command()
def clean(force: Annotated[bool, typer.Option(help="Do not ask.")] = False) -> None:
    """Stop every service and remove all data and logs; .env and what is installed stay."""
    settings = load_settings()
    if not force and not _agreed(f"Remove all data of the pipeline in {settings.state_dir}?"):
        console.print("Nothing was removed.")
        raise SystemExit(1)
    _stop(settings)
    remove_server_home(settings)
    for (
        folder
    ) in supervision.STATE_FOLDERS:  # and nothing else: STATE_DIR may be a folder that holds other things too
        shutil.rmtree(settings.state_dir / folder, ignore_errors=True)
    with suppress(OSError):
        settings.state_dir.rmdir()
    console.print("Removed the data.")


def _agreed(question: str) -> bool:
    """Return whether the answer is yes; where there is nobody to give one, it is no."""
    try:
        return typer.confirm(question)
    except typer.Abort:
        console.print()  # the question stands on a line that nobody has ended
        return False
