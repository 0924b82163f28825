"""The experiments, in the order of the page of results: each is a module beside this file."""

NAMES = ["admm_tables", "admm_convergence", "admm_communication", "admm_speed", "simulated_scaling",
         "links", "slow_links", "halo_accuracy", "ablation", "convergence", "halo_rows",
         "peers", "minibatch", "memory", "recovery", "plan_accuracy",
         "epoch_roofline", "partitions", "scaling", "large", "torch_ranks", "features"]
