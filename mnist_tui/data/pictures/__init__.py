"""Reading photographs and scans: finding the paper, the ink on it, and the digits in the ink."""
