"""The actions of ``pip variants``, one module each with ``run(command, options, args)``."""
