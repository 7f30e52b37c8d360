-- What each role may do in the database pinterest_streaming; done after the migrations, at each start.

REVOKE CREATE ON SCHEMA public FROM public;

GRANT USAGE ON SCHEMA migrations TO analyst;
GRANT SELECT ON ALL TABLES IN SCHEMA migrations TO analyst;
GRANT SELECT ON public.experimental_data, public.experimental_quarantine, public.stream_progress TO analyst;
GRANT SELECT, INSERT, UPDATE ON public.experimental_data, public.experimental_quarantine, public.stream_progress
TO speed_writer;
