"""The pages: what management, analysts, auditors and engineers read and answer in a browser.

words.py        one phrase in both languages
codes.py        what codes are called
readers.py      who reads: Airflow's user, and the database role that decides what is shown
views.py        one figure's definition: its SQL, its columns and filters, whoever asks for it
charts.py       a view's rows as a chart
rendering.py    a view's rows as HTML: numbers, shares, times, links
files.py        the same rows as CSV and XLSX
interface.py    the same rows as a documented read API
pages/          one module a page; pages/__init__.py is the menu
application.py  puts them behind Airflow's own login

Nothing here computes a figure: marts do. Nothing is loaded from elsewhere.
"""
