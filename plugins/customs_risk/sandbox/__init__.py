"""A world outside, for trying the system: traders, points, agencies, inspectors, and what is true.

It meets the system only where an outside party would: it writes delivery files into `inbox/`,
and it reads instruction files from `outbox/`. What it knows beyond that lies under `sandbox/`
of the same home; nothing but a summary that holds an estimate against the truth may look there.

    world.py          the calendar, and one delivery per feed and day
    commodities.py    what is traded: HS codes, origins, duties, prices
    traders.py        who trades: importers, brokers, sellers, and the trade lines between them
    offences.py       who offends, where and from when; what a finding would bring
    declarations.py   one day of declarations
    signals.py        monitoring points, government notices, a watch list
    inspectors.py     answers to instructions
    auditors.py       answers to referrals, weeks later
    truth.py          what is true of each declaration, kept apart
    replay.py         the same loop over a file of labelled declarations
    delivery.py       files that appear whole or not at all; a few spoilt rows
    days.py           business days and local times
    chance.py         every number here is a function of the seed

What lets the loop answer this world, and tells how it went:

    live.py           day by day, against a running Airflow
    simulation.py     week by week, in one process; the replay too
    report.py         the table, the estimates beside the truth, where to look
    contest.py        a replay beside a plain XGBoost and random selection
    analysts.py       requests for inspections and papers, and parameters: what people do weekly
    experts.py        what assessors say of the cases that the model doubts most
    responders.py     a drill, a joint case, an operation, a recommendation
    treatment.py      what parties hand in against measures, and answer when they are asked
    home.py           an empty home with a server of its own; forgetting one

A sandbox is seeded: the same seed, day and instructions give the same bytes.
"""
