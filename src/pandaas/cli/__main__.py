"""`python -m pandaas.cli`: the program where its script is not on the path."""

from pandaas.cli import main

if __name__ == "__main__":
    main()
