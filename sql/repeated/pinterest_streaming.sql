-- What each role may do in the database pinterest_streaming; done after the migrations, at each start.
-- As in pinterest.sql, what is not granted below is taken away, and docs/contracts.md lists what is.

REVOKE CREATE ON SCHEMA public FROM public;

REVOKE ALL ON SCHEMA public, migrations FROM analyst, batch_writer, speed_writer, emulator;
REVOKE ALL ON ALL TABLES IN SCHEMA migrations FROM analyst, batch_writer, speed_writer, emulator;
REVOKE ALL ON public.experimental_data, public.experimental_quarantine, public.stream_progress
FROM analyst, batch_writer, speed_writer, emulator;

GRANT USAGE ON SCHEMA migrations TO analyst;
GRANT SELECT ON ALL TABLES IN SCHEMA migrations TO analyst;
GRANT SELECT ON public.experimental_data, public.experimental_quarantine, public.stream_progress TO analyst;
GRANT SELECT, INSERT, UPDATE ON public.experimental_data, public.experimental_quarantine, public.stream_progress
TO speed_writer;
