from support.triggerer import *  # noqa: F403
