#!/bin/sh
# Stands in for DAWN: takes the chain named in the bean as its output; logs an error, and ends with 0, for a broken one.
for word in "$@"; do echo "$word"; done > arguments.txt
while [ $# -gt 0 ]; do [ "$1" = -path ] && bean="$2"; shift; done
value() { sed -n "s/.*\"$1\": \"\(.*\)\".*/\1/p" "$bean"; }
case "$(value processingPath)" in
  *broken*) echo "08:14:47.091 ERROR Could not read model values"; exit 0 ;;
esac
cp "$(value processingPath)" "$(value outputFilePath)"
