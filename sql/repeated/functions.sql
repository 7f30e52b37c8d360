-- What everybody may call by default and nobody here should, in each of the served databases: advisory locks, of which
-- the batch job's is one; large objects, which a role that may write nothing could fill the disk with; and ending
-- other sessions of one's role.

DO $$
DECLARE
    function regprocedure;
BEGIN
    FOR function IN
        SELECT oid FROM pg_proc
        WHERE
            pronamespace = 'pg_catalog'::regnamespace
            AND (
                proname ~ '^pg_(try_)?advisory_'
                OR proname IN ('lo_creat', 'lo_create', 'lo_from_bytea', 'lo_put', 'lo_open', 'lowrite')
                OR proname IN ('pg_cancel_backend', 'pg_terminate_backend')
            )
            AND has_function_privilege('public', oid, 'EXECUTE')
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM public', function);
    END LOOP;
END
$$;
