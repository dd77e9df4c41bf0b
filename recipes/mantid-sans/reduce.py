"""Run by Mantid's own Python: I(Q) of a time-of-flight SANS run with Q1D. Not imported by the platform.

Steps after Mantid's documentation of Q1D: detectors and the incident monitor to wavelength on the same bins, the monitor as
wavelength adjustment, Q1D, subtraction of the can.
"""

import argparse
import sys

from mantid.simpleapi import (
    Q1D,
    ConvertUnits,
    ExtractMonitors,
    ExtractSingleSpectrum,
    Load,
    Minus,
    Rebin,
    SaveAscii,
)


def main() -> None:
    options = arguments()
    runs = [options.sample, *([options.can] if options.can else [])]
    total = 2 * len(runs) + 1
    reduced = []
    for number, path in enumerate(runs):
        say(2 * number + 1, total, f"loading {path.rsplit('/', 1)[-1]}")
        reduced.append(i_of_q(path, options, f"run{number}", lambda text, n=number: say(2 * n + 2, total, text)))
    result = reduced[0]
    if len(reduced) > 1:
        result = Minus(LHSWorkspace=reduced[0], RHSWorkspace=reduced[1], OutputWorkspace="difference")
    say(total, total, "writing")
    SaveAscii(
        InputWorkspace=result,
        Filename=options.output,
        Separator="Space",
        ColumnHeader=False,
        WriteSpectrumID=False,
    )


def i_of_q(path, options, name, tell):
    loaded = Load(Filename=path, OutputWorkspace=name)
    loaded = loaded[0] if isinstance(loaded, tuple) else loaded
    detectors, monitors = f"{name}_detectors", f"{name}_monitors"
    ExtractMonitors(InputWorkspace=loaded, DetectorWorkspace=detectors, MonitorWorkspace=monitors)
    monitor = ExtractSingleSpectrum(
        InputWorkspace=monitors, WorkspaceIndex=options.monitor - 1, OutputWorkspace=f"{name}_monitor"
    )
    tell("reducing to I(Q)")
    binned = []
    for workspace in (detectors, monitor):
        waves = ConvertUnits(InputWorkspace=workspace, Target="Wavelength", OutputWorkspace=f"{workspace}_wavelength")
        binned.append(Rebin(InputWorkspace=waves, Params=options.wavelength, OutputWorkspace=f"{workspace}_binned"))
    return Q1D(
        DetBankWorkspace=binned[0],
        WavelengthAdj=binned[1],
        OutputBinning=options.q,
        OutputWorkspace=f"{name}_iq",
    )


def say(done, total, text):
    sys.stdout.write(f"step {done}/{total}: {text}\n")
    sys.stdout.flush()


def arguments():
    parser = argparse.ArgumentParser()
    for name in ("sample", "wavelength", "q", "output"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--can")
    parser.add_argument("--monitor", type=int, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
