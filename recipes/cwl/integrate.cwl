cwlVersion: v1.2
class: CommandLineTool
label: pyFAI-saxs
baseCommand: [pyFAI-saxs, --ext, .dat, --delta_dummy, "1000"]
requirements:
  InitialWorkDirRequirement:
    listing:
      - $(inputs.image)  # the pattern is written beside the image
inputs:
  image:
    type: File
    inputBinding:
      position: 3
      valueFrom: $(inputs.image.basename)
  poni:
    type: File
    inputBinding:
      position: 1
      prefix: -p
  mask:
    type: File
    inputBinding:
      position: 2
      prefix: -m
      valueFrom: $(inputs.mask.path)::/mask
  dead:
    type: double
    inputBinding:
      position: 2
      prefix: --dummy
  points:
    type: int
    inputBinding:
      position: 2
      prefix: --npt
outputs:
  pattern:
    type: File
    outputBinding:
      glob: "*.dat"
