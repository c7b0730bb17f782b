-- One row per inspection result known up to %(moment)s that any rule may look at, with what was inspected.
-- One result to one declaration, and to one type of finding or none
select
    inspections.declaration_id,
    inspections.importer_id,
    declarations.hs6,
    declarations.origin_country,
    inspections.known_at,
    inspections.known_on,
    inspections.has_finding,
    inspections.finding_type,
    finding_types.risk_domain
from intermediate.int_inspections as inspections
inner join intermediate.int_declarations as declarations using (importer_id, declaration_id)
left join reference.finding_types as finding_types using (finding_type)
where inspections.known_on > %(day)s::date - %(days)s::int and inspections.known_at <= %(moment)s
