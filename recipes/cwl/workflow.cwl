cwlVersion: v1.2
class: Workflow
label: Mean image and its pattern

inputs:
  series:
    type: File
  series_array:
    type: string
  series_poni:
    type: File
  series_mask:
    type: File
  combination:
    type: string
    default: mean
    label: Combine frames by
    doc: The median leaves out what is in few frames only, such as hits of cosmic rays.
  points:
    type: int
    default: 1000
    label: Points
    doc: Bins of the pattern.
  dead:
    type: double
    default: 4294967295.0
    label: Dead pixels
    doc: Pixels with this value are left out. EIGER detectors mark gaps and dead pixels with 4294967295, PILATUS with -1.

outputs:
  mean:
    type: File
    outputSource: average/image
  pattern:
    type: File
    outputSource: integrate/pattern

steps:
  average:
    run: average.cwl
    in:
      series: series
      array: series_array
      combination: combination
    out: [image]
  integrate:
    run: integrate.cwl
    in:
      image: average/image
      poni: series_poni
      mask: series_mask
      points: points
      dead: dead
    out: [pattern]
