"""Count the posts of the source database."""

from contextlib import closing

from common.clients import mysql_connection
from common.settings import Settings


def read_posts(settings: Settings) -> int:
    """Return how many posts there are to send.

    Raises:
        mysql.connector.Error: MySQL does not answer, or has no such table.
    """
    with closing(mysql_connection(settings)) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT count(*) FROM pinterest_data")
        found: int = cursor.fetchone()[0]
        return found
