#!/bin/sh
# DIALS called directly on the images of a folder: golden.sh folder counts.json
set -e
work=$(mktemp -d); cd "$work"
dials.import "$1"/thau_3_2_00*.cbf.bz2 output.experiments=g.expt
dials.find_spots g.expt nproc=2 output.reflections=g.refl
dials.spot_counts_per_image g.expt g.refl json="$2"
rm -r "$work"
