"""Analysis reports for those who decide: weekly, one of all risks and one per risk domain; monthly,
one for management.

queries.py    what is asked of the marts; monthly_queries.py: of a month
content.py    what a report holds: sections of words, tables and charts
contents.py   from answers to sections, with denominators and intervals; monthly.py: of a month
cells.py      how figures are shown
charts.py     SVG, the same on the page and in print
page.py       HTML (report.html); printed.py: PDF
step.py       makes, registers and sends them
"""
