"""Analysis reports for those who decide: weekly, one of all risks and one per risk domain.

queries.py    what is asked of the marts
content.py    what a report holds: sections of words, tables and charts
contents.py   from answers to sections, with denominators and intervals
charts.py     SVG, the same on the page and in print
page.py       HTML (report.html); printed.py: PDF
step.py       makes, registers and sends them
"""
