-- The roles of the served databases and who may enter which database.
-- services/postgres/schema.py creates the databases first and sets the passwords afterwards.

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

-- The grants below and in the later files already forbid writing; this says so before anything is tried.
ALTER ROLE analyst SET default_transaction_read_only = on;

REVOKE ALL ON DATABASE postgres, pinterest, pinterest_streaming FROM public;
GRANT CONNECT ON DATABASE pinterest, pinterest_streaming TO analyst;
GRANT CONNECT ON DATABASE pinterest TO batch_writer, emulator;
GRANT CONNECT, TEMPORARY ON DATABASE pinterest, pinterest_streaming TO speed_writer;

-- Times are shown alike on every machine; initdb would have taken the host's time zone.
ALTER DATABASE pinterest SET timezone = 'UTC';
ALTER DATABASE pinterest_streaming SET timezone = 'UTC';
