"""Who looks at many differences finds some by luck: Holm's correction counts how many they are.

S. Holm, "A Simple Sequentially Rejective Multiple Test Procedure", 1979. Of true nulls in a family,
in at most 5 % of all cases is even one believed to be a difference, however they depend on each
other.
"""

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Each p as it is among the others: the smallest times their number, the next times one less,
    and so on, never smaller than one before it, never above 1.
    """
    corrected = [1.0] * len(p_values)
    largest = 0.0
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    for place, index in enumerate(order):
        largest = min(1.0, max(largest, p_values[index] * (len(p_values) - place)))
        corrected[index] = largest
    return corrected
