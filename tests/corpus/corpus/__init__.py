# SPDX-License-Identifier: GPL-2.0-or-later
"""The accuracy suite: labelled workloads, their witnesses, and how well boundtop judges them."""
