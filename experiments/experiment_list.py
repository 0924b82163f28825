"""The experiments, in the order of the page of results: each is a module beside this file."""

NAMES = ["admm_tables", "admm_communication", "simulated_scaling", "halo_accuracy", "convergence", "halo_rows", "links", "slow_links",
         "plan_accuracy", "peers", "epoch_roofline", "partitions", "scaling", "torch_ranks", "features"]
