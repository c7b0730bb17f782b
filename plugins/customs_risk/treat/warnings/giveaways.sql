-- What in texts names somebody or something that the warehouse knows: numbers of parties, declarations, documents and
-- officers, and names of parties and persons. One row per text and value; `is_person` says whether it is a person's.
-- Numbers are looked up (each index serves), names are looked for: spelt in any case, with any punctuation between.
with

texts as (
    select "key" as text_id, "value" as words from jsonb_each_text(%(texts)s::jsonb)
),

-- pieces of letters and figures, in order
pieces as (
    select
        texts.text_id,
        piece.place,
        piece.word
    from texts
    cross join lateral regexp_split_to_table(texts.words, '[^A-Za-z0-9]+') with ordinality as piece (word, place)
    where piece.word <> ''
),

-- a number may be written in groups: up to six pieces are read together, and as they stand
runs as (
    select
        text_id,
        string_agg(word, '') over six as run_6,
        string_agg(word, '') over five as run_5,
        string_agg(word, '') over four as run_4,
        string_agg(word, '') over three as run_3,
        string_agg(word, '') over two as run_2,
        word as run_1
    from pieces
    window
        six as (partition by text_id order by place rows 5 preceding),
        five as (partition by text_id order by place rows 4 preceding),
        four as (partition by text_id order by place rows 3 preceding),
        three as (partition by text_id order by place rows 2 preceding),
        two as (partition by text_id order by place rows 1 preceding)
),

readings as (
    select runs.text_id, read.run as reading
    from runs
    cross join lateral (
        values (runs.run_1), (runs.run_2), (runs.run_3), (runs.run_4), (runs.run_5), (runs.run_6)
    ) as read (run)
    union
    -- with their dots, dashes and strokes
    select texts.text_id, trim(both '.-/_' from said.word)
    from texts
    cross join lateral regexp_split_to_table(texts.words, '[^A-Za-z0-9./_-]+') as said (word)
),

-- as they are, and in capitals; a figure of three digits is no number of anything
candidates as (
    select distinct
        readings.text_id,
        spelt.reading
    from readings
    cross join lateral (values (readings.reading), (upper(readings.reading))) as spelt (reading)
    where length(spelt.reading) > 3 or spelt.reading ~ '[A-Za-z].*[0-9]'
),

numbers as (
    select candidates.text_id, 'party' as what, parties.subject_id as "value", false as is_person
    from candidates
    inner join intermediate.int_subjects as parties
        on parties.subject_kind = 'party' and candidates.reading = parties.subject_id
    union
    select candidates.text_id, 'declaration', declarations.declaration_id, false
    from candidates
    inner join intermediate.int_declarations as declarations on candidates.reading = declarations.declaration_id
    union
    select candidates.text_id, 'consignment', told.number, false
    from intermediate.int_declarations as declarations
    cross join lateral (
        select declarations.bill_no as number
        union all
        select string_to_table(declarations.container_numbers, ';')
    ) as told
    inner join candidates on told.number = candidates.reading
    union
    select candidates.text_id, 'inspection', results.result_id, false
    from candidates
    inner join intermediate.int_inspection_versions as results on candidates.reading = results.result_id
    union
    select candidates.text_id, 'officer', results.officer_id, true
    from intermediate.int_inspection_versions as results
    inner join candidates on results.officer_id = candidates.reading
    union
    select candidates.text_id, 'travel document', travellers.travel_document_no, true
    from staging.stg_passenger_lists as travellers
    inner join candidates on travellers.travel_document_no = candidates.reading
    union
    select candidates.text_id, 'identifier', told.number, false
    from intermediate.int_mentions as mentions
    cross join lateral unnest(mentions.mention_identifiers) as told (number)
    inner join candidates on told.number = candidates.reading
    where mentions.mention_kind not in ('commodity', 'place')
),

named as (
    select 'party' as what, party_name.spelt as "name", false as is_person
    from intermediate.int_subjects as parties
    cross join lateral unnest(parties.subject_names) as party_name (spelt)
    where parties.subject_kind = 'party'
    union
    select 'party', mention_name.spelt, false
    from intermediate.int_mentions as mentions
    cross join lateral unnest(mentions.mention_names) as mention_name (spelt)
    where mentions.mention_kind not in ('commodity', 'place')
    union
    select 'traveller', concat_ws(' ', given_names, family_name), true
    from staging.stg_passenger_lists
    union
    select 'traveller', concat_ws(' ', family_name, given_names), true
    from staging.stg_passenger_lists
    union
    select 'officer', assessor_name, true
    from ops.assessors
    union
    select 'officer', member, true
    from access.memberships
),

-- in small letters, between single spaces
worded as (
    select
        named.what,
        named."name",
        named.is_person,
        trim(regexp_replace(lower(normalize(named."name", nfkc)), %(between)s, ' ', 'g')) as words
    from named
    -- who is called like a country is not given away by its name
    where
        named."name" is not null
        and not exists (
            select 1 from reference.country_names as places
            where lower(places.country_name) = lower(named."name")
        )
),

-- what a name begins with, by which it is found: a word or, as Chinese is written without spaces, two letters
spelt as (
    select
        what,
        "name",
        is_person,
        form.sought,
        form.lead
    from worded
    cross join lateral (
        select
            case when words ~ '[㐀-鿿]' then replace(words, ' ', '') else ' ' || words || ' ' end as sought,
            case
                when words ~ '[㐀-鿿]' then left(replace(words, ' ', ''), 2) else split_part(words, ' ', 1)
            end as lead
    ) as form
    where length(words) > case when words ~ '[㐀-鿿]' then 1 else 3 end
),

heard as (
    select
        text_id,
        ' ' || trim(regexp_replace(lower(normalize(words, nfkc)), %(between)s, ' ', 'g')) || ' ' as spaced
    from texts
),

leads as (
    select text_id, spaced as heard_as, unnest(string_to_array(trim(spaced), ' ')) as lead
    from heard
    union
    select heard.text_id, form.compact, substr(form.compact, place.nth, 2)
    from heard
    cross join lateral (select replace(heard.spaced, ' ', '') as compact) as form
    cross join lateral generate_series(1, length(form.compact)) as place (nth)
),

names as (
    select distinct
        leads.text_id,
        spelt.what,
        spelt."name" as "value",
        spelt.is_person
    from spelt
    inner join leads using (lead)
    where strpos(leads.heard_as, spelt.sought) > 0
),

final as (
    select * from numbers
    union
    select * from names
)

select * from final
order by text_id, what, "value"
