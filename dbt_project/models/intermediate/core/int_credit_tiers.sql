{{ config(materialized='view') }}

-- Two times meet here: when a tier is in force (valid_from, valid_to) and when that was what was known (known_from,
-- known_to). What declarations carry is in force from the day after it became known, so it never changes the past; a
-- decision of the register may be told late, or be withdrawn, and each such day makes a version of what is known.

with

-- parts that are named twice are not kept aside, so that a question on one party reaches the tables below
facts as not materialized (select * from {{ ref('int_credit_facts') }}),

turns as (
    select
        facts.party_id,
        turn.known_from
    from facts
    cross join lateral (values (facts.known_from), (facts.replaced_on)) as turn (known_from)
    where facts.basis = 'register' and turn.known_from is not null
    union
    select
        facts.party_id,
        min(facts.known_from) as known_from
    from facts
    group by facts.party_id
),

versions as (
    select
        party_id,
        known_from,
        lead(known_from) over by_day as next_known_from,
        row_number() over by_day as version_no
    from turns
    window by_day as (partition by party_id order by known_from)
),

-- many facts to many versions
told as not materialized (
    select
        versions.version_no,
        versions.known_from as version_from,
        versions.next_known_from,
        facts.*
    from versions
    inner join facts using (party_id)
    where
        facts.is_active
        and case facts.basis
            when 'register'
                then
                    facts.known_from <= versions.known_from
                    and (facts.replaced_on > versions.known_from or facts.replaced_on is null)
            else facts.known_from < versions.next_known_from or versions.next_known_from is null
        end
),

-- the tier can change only where a fact starts or has ended
starts as (
    select distinct
        told.party_id,
        told.version_no,
        told.version_from,
        told.next_known_from,
        start.valid_from
    from told
    cross join lateral (values (told.starts_on), (told.ends_on + 1)) as start (valid_from)
    where start.valid_from is not null
),

spans as (
    select
        *,
        lead(valid_from) over (partition by party_id, version_no order by valid_from) as next_valid_from
    from starts
),

-- one to one or none: the register speaks first, and of its decisions the one that began last
in_force as (
    select distinct on (spans.party_id, spans.version_no, spans.valid_from)
        spans.*,
        told.basis,
        told.fact_id,
        told.tier_code
    from spans
    inner join told using (party_id, version_no)
    where
        told.starts_on <= spans.valid_from
        and (told.ends_on >= spans.valid_from or told.ends_on is null)
    order by
        spans.party_id asc,
        spans.version_no asc,
        spans.valid_from asc,
        told.basis = 'register' desc,
        told.starts_on desc,
        told.known_at desc,
        told.fact_id desc
),

-- spans of one fact that follow each other are one
begun as (
    select
        *,
        case
            when
                lag(fact_id) over by_day = fact_id and lag(next_valid_from) over by_day = valid_from
                then 0
            else 1
        end as is_begin
    from in_force
    window by_day as (partition by party_id, version_no order by valid_from)
),

numbered as (
    select
        *,
        sum(is_begin) over (partition by party_id, version_no order by valid_from) as span_no
    from begun
),

joined as (
    select
        party_id,
        version_no,
        version_from,
        next_known_from,
        basis,
        fact_id,
        tier_code,
        min(valid_from) as valid_from,
        (array_agg(next_valid_from order by valid_from desc))[1] - 1 as valid_to
    from numbered
    group by party_id, version_no, version_from, next_known_from, basis, fact_id, tier_code, span_no
),

-- versions that follow each other and say the same are one
same as (
    select
        *,
        version_no - row_number() over (
            partition by party_id, valid_from, valid_to, basis, fact_id, tier_code
            order by version_no
        ) as island
    from joined
),

tiers as (
    select
        party_id,
        valid_from,
        valid_to,
        min(version_from) as known_from,
        (array_agg(next_known_from order by version_no desc))[1] - 1 as known_to,
        tier_code,
        basis,
        fact_id
    from same
    group by party_id, valid_from, valid_to, tier_code, basis, fact_id, island
)

select * from tiers
