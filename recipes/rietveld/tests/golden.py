"""easydiffraction called directly, as in its tutorial: what the recipe must give. Runs in its environment.

python golden.py pattern.xye out.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import easydiffraction

project = easydiffraction.Project(name="golden")
project.structures.create(name="iron")
iron = project.structures["iron"]
iron.space_group.name_h_m = "I m -3 m"
iron.space_group.it_coordinate_system_code = "1"
iron.cell.length_a = 2.86
iron.atom_sites.create(
    label="Fe", type_symbol="Fe", fract_x=0, fract_y=0, fract_z=0, wyckoff_letter="a", b_iso=0.0, occupancy=1
)
project.experiments.add_from_data_path(
    name="pattern",
    data_path=sys.argv[1],
    sample_form="powder",
    beam_mode="constant wavelength",
    radiation_probe="neutron",
)
experiment = project.experiments["pattern"]
experiment.instrument.setup_wavelength = 1.54
experiment.instrument.calib_twotheta_offset = 0
experiment.peak.broad_gauss_u, experiment.peak.broad_gauss_v, experiment.peak.broad_gauss_w = 0, 0, 0.16
experiment.peak.broad_lorentz_y = 0
for number, place in enumerate((30, 90)):
    experiment.background.create(id=str(number + 1), x=place, y=100)
experiment.linked_phases.create(id="iron", scale=1)
free = [experiment.linked_phases["iron"].scale, *(point.y for point in experiment.background.values())]
for step in ([], [iron.cell.length_a]):
    for item in [*free, *step]:
        item.free = True
    project.analysis.fit()
found = {"a": iron.cell.length_a.value, "chi2": project.analysis.fit_results.reduced_chi_square}
Path(sys.argv[2]).write_text(json.dumps({name: float(value) for name, value in found.items()}))
