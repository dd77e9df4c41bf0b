"""`pandaas view`: the viewer on plain files of this computer. No catalogue, no accounts; everything is read-only.

view.run(paths, port=None, on_listen=print)
"""

from pandaas.server.view.run import Start, run

__all__ = ["Start", "run"]
