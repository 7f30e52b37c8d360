"""Make what the flow needs where it is missing: `python -m services.provision`.

Topics, bucket, served schema and source rows. Runs after every start, since LocalStack forgets its buckets, and
leaves alone what is there.
"""

from services.common.log import configure
from services.common.settings import load_settings
from services.mysql.source import ensure_source
from services.postgres.schema import ensure_schema
from services.provision.bucket import ensure_bucket
from services.provision.topics import ensure_topics


def main() -> None:
    """Run each step; the first that fails ends the process with its error."""
    log = configure("provision")
    settings = load_settings()
    log.info("making topics and bucket")
    for remark in ensure_topics(settings):
        log.warning(remark)
    ensure_bucket(settings)
    log.info("making schemas and roles")
    ensure_schema(settings)
    log.info("filling the source tables")
    ensure_source(settings)
    log.info("provisioned")


if __name__ == "__main__":
    main()
