cwlVersion: v1.2
class: CommandLineTool
label: pyFAI-average
baseCommand: [pyFAI-average, --output, mean.edf, --format, edf]
inputs:
  series:
    type: File
    inputBinding:
      position: 2
      valueFrom: $(inputs.series.path)::$(inputs.array)
  array:
    type: string
  combination:
    type: string
    inputBinding:
      position: 1
      prefix: --method
outputs:
  image:
    type: File
    outputBinding:
      glob: mean.edf
