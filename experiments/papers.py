"""Figures that papers report, as they stand there."""

# pdADMM-G (arXiv 2105.09837), Tables III (100 neurons) and IV (500): test accuracy on Cora, Citeseer, Computers, Photo, CS.
ADMM_TABLES = {
    100: {"GD": [.730, .637, .646, .735, .884], "Adadelta": [.671, .620, .136, .369, .787],
          "Adagrad": [.726, .601, .688, .813, .887], "Adam": [.725, .631, .724, .855, .883],
          "pdADMM-G": [.784, .709, .735, .856, .915], "pdADMM-G-Q": [.788, .712, .687, .832, .914]},
    500: {"GD": [.757, .680, .707, .817, .906], "Adadelta": [.717, .564, .243, .380, .880],
          "Adagrad": [.776, .650, .753, .866, .911], "Adam": [.771, .662, .739, .880, .898],
          "pdADMM-G": [.786, .713, .751, .873, .920], "pdADMM-G-Q": [.786, .712, .748, .865, .919]}}

# Figure 4: times faster than one GPU, 16 layers of 4000 neurons, by GPUs.
ADMM_BY_RANKS = {"Flickr": {4: 4.28, 8: 7.61, 16: 11.41}, "Arxiv": {4: 4.04, 8: 7.85, 16: 12.47}}

# Figure 3b: layers in parallel, times faster than one after the other, by layers of 4000 neurons.
ADMM_BY_LAYERS = {"Flickr": {8: 4.88, 17: 12.21}, "Arxiv": {8: 4.55, 17: 13.05}}
