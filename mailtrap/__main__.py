"""`python -m mailtrap` is the `mailtrap` command."""

from mailtrap.cli import main

if __name__ == "__main__":
    main()
