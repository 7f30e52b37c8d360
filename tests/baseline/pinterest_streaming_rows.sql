INSERT INTO public.experimental_data VALUES ('art', 124000, 1, 'pinterest-streaming', 0, 0);
INSERT INTO public.experimental_quarantine VALUES ('pinterest-streaming', 0, 1, '{not_json}', 'no');
INSERT INTO public.stream_progress VALUES
('experimental', '7d3c1f0a-0000-4000-8000-000000000004', 2, 2, 1, 0, 1, 0);
