"""Changes the default dtype, the number of threads and the random numbers.

Verdict: refused
"""

import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(8)
torch.manual_seed(0)
torch.set_grad_enabled(False)


def zeros_(tensor):
    with torch.no_grad():
        return tensor.fill_(2.0)
