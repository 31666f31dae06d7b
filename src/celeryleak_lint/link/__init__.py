"""Links summaries into a project: what names mean, who calls whom, where objects go, how often.

Reads facts only: no tree, no path, no file.
"""
