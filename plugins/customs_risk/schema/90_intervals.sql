-- An interval of these profiles ends where the next one of its key starts. It was stored once; that rewrote a row of
-- history for each new one. Views that told it are made again by the next build.
alter table if exists intermediate.int_risk_profiles drop column if exists valid_to cascade;
alter table if exists intermediate.int_activity_profiles drop column if exists valid_to cascade;
alter table if exists intermediate.int_origin_profiles drop column if exists valid_to cascade;
