-- The roles of the served databases and who may enter which database.
-- services/provision/databases.py creates the databases before, and sets the passwords afterwards. Done at each start,
-- before the migrations.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'analyst') THEN
        CREATE ROLE analyst;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'batch_writer') THEN
        CREATE ROLE batch_writer;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'speed_writer') THEN
        CREATE ROLE speed_writer;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'emulator') THEN
        CREATE ROLE emulator;
    END IF;
END
$$;

ALTER ROLE analyst WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
ALTER ROLE batch_writer WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
ALTER ROLE speed_writer WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
ALTER ROLE emulator WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;

COMMENT ON ROLE analyst IS 'People: reads everything that is served, changes nothing';
COMMENT ON ROLE batch_writer IS 'The batch job: writes the schema batch and the accounts of its runs';
COMMENT ON ROLE speed_writer IS 'The streaming writer: writes the schema speed, experimental_data and its accounts';
COMMENT ON ROLE emulator IS 'The emulator: adds to its ledger of what it sent, and no more';

-- A role may change its own defaults, whatever is granted: what it has left behind is gone with the next start. Our own
-- connections do not go by them (common/clients.py).
ALTER ROLE analyst RESET ALL;
ALTER ROLE batch_writer RESET ALL;
ALTER ROLE speed_writer RESET ALL;
ALTER ROLE emulator RESET ALL;
ALTER ROLE analyst IN DATABASE pinterest RESET ALL;
ALTER ROLE batch_writer IN DATABASE pinterest RESET ALL;
ALTER ROLE speed_writer IN DATABASE pinterest RESET ALL;
ALTER ROLE emulator IN DATABASE pinterest RESET ALL;
ALTER ROLE analyst IN DATABASE pinterest_streaming RESET ALL;
ALTER ROLE speed_writer IN DATABASE pinterest_streaming RESET ALL;

-- The grants below and in the later files already forbid writing; this says so before anything is tried.
ALTER ROLE analyst SET default_transaction_read_only = on;
-- A forgotten prompt would hold up the batch job, which waits until nobody reads the tables that it fills.
ALTER ROLE analyst SET idle_in_transaction_session_timeout = '10min';
ALTER ROLE analyst SET statement_timeout = '30min';
-- These two it cannot change: a query's files on the disk, and its share of the server's 100 connections.
ALTER ROLE analyst SET temp_file_limit = '4GB';
ALTER ROLE analyst CONNECTION LIMIT 30;

-- template1 too: whoever may enter it could fill the disk with large objects there, and end other sessions of its role.
REVOKE ALL ON DATABASE postgres, template1, pinterest, pinterest_streaming FROM public;
REVOKE ALL ON DATABASE postgres, template1, pinterest, pinterest_streaming
FROM analyst, batch_writer, speed_writer, emulator;
GRANT CONNECT ON DATABASE pinterest, pinterest_streaming TO analyst;
GRANT CONNECT ON DATABASE pinterest TO emulator;
-- Rows to merge are staged in a temporary table: unlogged, and gone with its session, however that ends.
GRANT CONNECT, TEMPORARY ON DATABASE pinterest TO batch_writer;
GRANT CONNECT, TEMPORARY ON DATABASE pinterest, pinterest_streaming TO speed_writer;

-- Times are shown alike on every machine; initdb would have taken the host's time zone.
ALTER DATABASE pinterest SET timezone = 'UTC';
ALTER DATABASE pinterest_streaming SET timezone = 'UTC';

-- The batch job's lock, by which one run at a time is at work (sql/repeated/functions.sql takes it from the others).
GRANT EXECUTE ON FUNCTION pg_advisory_lock(bigint) TO batch_writer;
