"""``pip variants``: one module per action, each with ``run(command, options, args)``."""
