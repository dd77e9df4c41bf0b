#!/bin/sh
# Stands in for Mantid's Python: says its version and what it was given, tells progress, writes a curve, fails for monitor 20.
if [ "$1" = -c ]; then echo "0.0 (a stand-in)"; exit; fi
for word in "$@"; do echo "$word"; done > arguments.txt
while [ $# -gt 0 ]; do
  case "$1" in
    --output) output="$2" ;;
    --monitor) monitor="$2" ;;
  esac
  shift
done
echo "step 1/3: loading"
sleep 0.4
if [ "$monitor" = 20 ]; then
  echo "Traceback (most recent call last):"
  echo "RuntimeError: no monitor 20"
  exit 3
fi
printf '# Q I dI\n0.01 5 0.1\n0.02 3 0.2\n0.04 1 0.3\n' > "$output"
echo "step 3/3: writing"
