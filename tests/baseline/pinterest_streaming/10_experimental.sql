-- The database pinterest_streaming: what Structured Streaming keeps of Kafka's topic pinterest-streaming.

REVOKE CREATE ON SCHEMA public FROM public;

CREATE TABLE IF NOT EXISTS public.experimental_data (
    category text,
    follower_count bigint,
    downloaded integer,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    PRIMARY KEY (topic, partition, "offset")
);

COMMENT ON TABLE public.experimental_data IS 'One row per record of the topic, cleaned';
COMMENT ON COLUMN public.experimental_data.follower_count IS 'Followers of the poster; 124k at the source is 124000';
COMMENT ON COLUMN public.experimental_data.downloaded IS '1 if the image was downloaded, 0 if not, null if unknown';

CREATE TABLE IF NOT EXISTS public.experimental_quarantine (
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    reasons text[] NOT NULL,
    raw text,
    quarantined_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, partition, "offset")
);

COMMENT ON TABLE public.experimental_quarantine IS 'Records that were rejected, as in quarantine.batch of pinterest';

CREATE TABLE IF NOT EXISTS public.stream_progress (
    query text NOT NULL,
    query_id uuid NOT NULL,
    batch_id bigint NOT NULL,
    read bigint NOT NULL,
    cleaned bigint NOT NULL,
    duplicate bigint NOT NULL,
    quarantined bigint NOT NULL,
    warnings bigint NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (query, query_id),
    CHECK (read = cleaned + duplicate + quarantined)
);

COMMENT ON TABLE public.stream_progress IS 'As ops.stream_progress of pinterest';

GRANT SELECT ON public.experimental_data, public.experimental_quarantine, public.stream_progress TO analyst;
GRANT SELECT, INSERT, UPDATE ON public.experimental_data, public.experimental_quarantine, public.stream_progress
TO speed_writer;
