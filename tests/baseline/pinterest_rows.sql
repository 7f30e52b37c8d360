INSERT INTO batch.pin VALUES
(1, 'a-1', 'One', 'First', 124000, 'Ann', 'a,b', 'image', 'https://example.com/1', '/data/art', 'art'),
(2, null, null, null, null, null, null, null, null, null, null);
INSERT INTO batch.geo VALUES
(1, 'Côte d''Ivoire', '{-89.9787,-173.293}', '2020-08-28 03:52:47.000001+00'), (2, null, null, null);
INSERT INTO batch.users VALUES (1, 'Abigail Ali', 20, '2015-10-24 11:23:51+00'), (2, null, null, null);
INSERT INTO speed.pin VALUES
(2, 'hidden', 'Hidden by batch', null, 1, null, null, null, null, null, 'art'),
(3, 'a-3', 'Three', null, 9223372036854775807, 'Cy', null, 'video', null, null, 'travel');
INSERT INTO speed.geo VALUES (3, 'Albania', '{0,0}', '0001-01-01 00:00:00+00');
INSERT INTO speed.users VALUES (3, 'O''Brien', 150, '9999-12-31 23:59:59.999999+00');
INSERT INTO speed.places VALUES
('pin', 3, '2026-01-01 00:00:00+00', 49590338271490256608559692538361571095921575989136588898, 'shard-0');
INSERT INTO quarantine.batch VALUES ('t.pin', 0, 7, '{not_json}', '\x00 no', '2026-01-01 00:00:00+00');
INSERT INTO quarantine.replayed VALUES
('t.pin', 0, 8, '{bad_ind}', '{}', '2026-01-01 00:00:00+00', '{"index": 8}', 1, '2026-01-02 00:00:00+00');
INSERT INTO quarantine.stream VALUES
('s-pin', 'shard-0', 12, '7', '2026-01-01 00:00:00+00', '{no_ind}', null, '2026-01-01 00:00:00+00');
INSERT INTO ops.batch_runs (mode, started_at, seconds, error, bucket_id) VALUES
('full', '2026-01-01 00:00:00+00', '{"read": 1.5}', null, '7d3c1f0a-0000-4000-8000-000000000001'),
('replay', '2026-01-02 00:00:00+00', '{}', 'stopped', null);
INSERT INTO ops.batch_run_tables VALUES (1, 'pin', 3, 2, 0, 1, '{"not_json": 1}', '{}', '{}');
INSERT INTO ops.batch_run_offsets VALUES (1, 't.pin', 0, 0, 3, 0);
INSERT INTO ops.stream_progress VALUES
('speed-pin', '7d3c1f0a-0000-4000-8000-000000000002', 4, 3, 2, 0, 1, 0);
INSERT INTO ops.emulator_runs VALUES ('7d3c1f0a-0000-4000-8000-000000000003', 't.pin', 'batch', 3, 3, 0, 0.5);
INSERT INTO ops.reconciliations VALUES ('scheduled__1', 'pin', 2, 1, 3, '{"title": 0.5}');
INSERT INTO ops.query_answers VALUES ('scheduled__1', 4, 'country', '{country}', '[["Albania"]]');
