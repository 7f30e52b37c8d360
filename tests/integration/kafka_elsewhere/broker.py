"""A Kafka broker as one elsewhere is: TLS, by an authority of its own, and logins as MSK takes them."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from common.settings import INSTALL_DIR, ROOT
from common.wait import wait_until
from stack.local.install import package_folder
from stack.local.isolated import START_SECONDS, STOP_SECONDS, free_port

_HERE = Path(__file__).parent
_KAFKA = INSTALL_DIR / "jars" / "kafka"
_LOGGING = f"-Dlog4j2.configurationFile={ROOT / 'stack' / 'kafka' / 'defaults' / 'log4j2.yaml'}"
_FORMAT = ("kafka.tools.StorageTool", "format", "--cluster-id", "MkU3OEVBNTcwNTJENDM2Qg")
_JAVA = ("java", "-Xmx256m", "-XX:TieredStopAtLevel=1", _LOGGING)


@dataclass(frozen=True)
class Broker:
    """A running broker: the places of its files, and its ports.

    Attributes:
        folder: with `ca.pem`, the authority's certificate.
        ports: of the listeners TLS, LOGIN (SCRAM over TLS) and MSK.
    """

    folder: Path
    ports: Mapping[str, int]

    def address(self, listener: str) -> str:
        """Return what clients of the listener have as KAFKA_BOOTSTRAP_SERVERS."""
        return f"localhost:{self.ports[listener]}"

    @property
    def authority(self) -> str:
        """Return the file of the authority whose certificate the broker shows."""
        return str(self.folder / "ca.pem")

    def logins(self, mechanism: str) -> list[str]:
        """Return what clients have shown the listener MSK at their logins, the newest last."""
        file = self.folder / "logins"
        noted = [line.split(" ", 1) for line in file.read_text().splitlines()] if file.exists() else []
        return [shown for name, shown in noted if name == mechanism]


@contextmanager
def running_broker(folder: Path, passwords: Mapping[str, str]) -> Iterator[Broker]:
    """Start a broker that knows users by these passwords; yield it once it answers, and stop it at the end."""
    _make_certificates(folder)
    _compile_logins(folder)
    ports = {name: free_port() for name in ("PLAIN", "TLS", "LOGIN", "MSK", "CONTROLLER")}
    properties = folder / "server.properties"
    properties.write_text(_properties(folder, ports))
    classes = f"{_KAFKA}/*:{folder / 'classes'}"
    users = [f"SCRAM-SHA-512=[name={name},password={password}]" for name, password in passwords.items()]
    known = [word for user in users for word in ("--add-scram", user)]
    _run(*_JAVA, "-cp", classes, *_FORMAT, "--config", str(properties), *known)
    command = (*_JAVA, f"-Dlogins={folder / 'logins'}", "-cp", classes, "kafka.Kafka", str(properties))
    log = folder / "broker.log"
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            wait_until(
                lambda: _answers(process, ports["PLAIN"]), timeout=START_SECONDS, what=f"the broker of {log}"
            )
            yield Broker(folder, ports)
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)


def _answers(process: "subprocess.Popen[bytes]", port: int) -> bool:
    assert process.poll() is None, "the broker has ended"
    client = AdminClient({"bootstrap.servers": f"localhost:{port}", "log_level": 0})
    try:
        return bool(client.list_topics(timeout=1).brokers)
    except KafkaException:
        return False


def _properties(folder: Path, ports: Mapping[str, int]) -> str:
    """Return server.properties. The listener PLAIN is for the broker and for what waits for it."""
    listeners = {name: f"{name}://localhost:{port}" for name, port in ports.items()}
    advertised = [address for name, address in listeners.items() if name != "CONTROLLER"]
    protocols = "PLAIN:PLAINTEXT,TLS:SSL,LOGIN:SASL_SSL,MSK:SASL_SSL,CONTROLLER:PLAINTEXT"
    return f"""
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@localhost:{ports["CONTROLLER"]}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAIN
listeners={",".join(listeners.values())}
advertised.listeners={",".join(advertised)}
listener.security.protocol.map={protocols}
log.dirs={folder}/log
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
ssl.keystore.type=PEM
ssl.keystore.location={folder}/broker.pem
listener.name.login.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.login.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.msk.sasl.enabled.mechanisms=OAUTHBEARER,AWS_MSK_IAM
listener.name.msk.oauthbearer.sasl.jaas.config=\
org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;
listener.name.msk.oauthbearer.sasl.server.callback.handler.class=TokenValidator
listener.name.msk.aws_msk_iam.sasl.jaas.config=IamLogin required;
"""


def _make_certificates(folder: Path) -> None:
    """Write `ca.pem`, a new authority's own certificate, and `broker.pem`, a key and its certificate for localhost."""
    authority, broker = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    own = _certificate("a test's authority", authority, authority, is_authority=True)
    shown = _certificate("localhost", broker, authority, is_authority=False)
    key = broker.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "ca.pem").write_bytes(own.public_bytes(Encoding.PEM))
    (folder / "broker.pem").write_bytes(key + shown.public_bytes(Encoding.PEM))


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey, *, is_authority: bool
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name("a test's authority"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    )
    return builder.sign(signer, hashes.SHA256())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _compile_logins(folder: Path) -> None:
    """Compile MskLogins.scala into `classes`, with the compiler that pyspark brings."""
    classes = folder / "classes"
    classes.mkdir()
    spark = package_folder("pyspark") / "jars"
    compiler = ":".join(
        str(jar) for name in ("compiler", "library", "reflect") for jar in spark.glob(f"scala-{name}-*")
    )
    kafka = ":".join(map(str, [*_KAFKA.glob("kafka-clients-*"), *_KAFKA.glob("scala-library-*")]))
    scalac = ("java", "-XX:TieredStopAtLevel=1", "-cp", compiler, "scala.tools.nsc.Main", "-usejavacp")
    _run(*scalac, "-classpath", kafka, "-d", str(classes), str(_HERE / "MskLogins.scala"))


def _run(*command: str) -> None:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
