"""What every test of the repository shares; fixtures stand beside the tests that use them."""

pytest_plugins = ["pytester"]
