namespace Functional.Graphs;

/// <summary>What the element types do to numbers, and functions that the base library lacks, in double precision.</summary>
static class Numbers
{
    /// <summary>Elements as their type keeps them, in place: BF16 and F16 rounded, booleans 0 or 1; rules for I32 give integers already.</summary>
    public static double[] Store(DType type, double[] items)
    {
        if (type.IsNarrow())
            for (var i = 0; i < items.Length; i++) items[i] = Convert(items[i], type);
        else if (type == DType.Bool)
            for (var i = 0; i < items.Length; i++) items[i] = items[i] != 0 ? 1 : 0;
        return items;
    }

    /// <summary>A number as another element type sees it: to integers towards zero, saturating, NaN as 0; to booleans whatever is not 0 is true.</summary>
    public static double Convert(double value, DType to) => to switch
    {
        DType.BF16 => RoundToBF16(value),
        DType.F16 => RoundToF16(value),
        DType.I32 => (int)value,
        DType.Bool => value != 0 ? 1 : 0,
        _ => value,
    };

    /// <summary>The nearest number with 8 bits of precision, ties to the even one; beyond the largest one, infinity.</summary>
    public static double RoundToBF16(double value) => Round(value, 7, -126, MaxBF16);

    /// <summary>The nearest number with 11 bits of precision, or a multiple of 2⁻²⁴ below 2⁻¹⁴, ties to the even one; beyond 65,504, infinity.</summary>
    public static double RoundToF16(double value) => Round(value, 10, -14, 65504);

    // So many bits behind the leading one; numbers below the normal range keep fewer.
    static double Round(double value, int bits, int least, double most)
    {
        if (!double.IsFinite(value) || value == 0) return value;
        var exponent = Math.Max(Math.ILogB(value), least) - bits;
        var rounded = Math.ScaleB(Math.Round(Math.ScaleB(value, -exponent), MidpointRounding.ToEven), exponent);
        return Math.Abs(rounded) > most ? double.CopySign(double.PositiveInfinity, value) : rounded;
    }

    // (2 − 2⁻⁷) · 2¹²⁷
    const double MaxBF16 = (2 - 1.0 / 128) * 1.7014118346046923e38;

    /// <summary>ln(1 + x) to the last bits, also near 0: the error of 1 + x is divided out again.</summary>
    public static double Log1p(double x)
    {
        var u = 1 + x;
        return u == 1 ? x : double.IsInfinity(u) ? Math.Log(u) : Math.Log(u) * (x / (u - 1));
    }

    /// <summary>The error function to about 1e-15, by the rational approximations of W. J. Cody (Mathematics of Computation 23, 1969).</summary>
    public static double Erf(double x)
    {
        if (double.IsNaN(x)) return x;
        var y = Math.Abs(x);
        if (y <= 0.46875) return x * Ratio(y * y, Near, NearBelow);
        if (y > 6) return Math.Sign(x);
        var scaled = y <= 4 ? Ratio(y, Middle, MiddleBelow) : Tail(y);
        // exp(−y²) in two factors, the first of an exact square, so that rounding y² costs nothing.
        var coarse = Math.Truncate(y * 16) / 16;
        var complement = Math.Exp(-coarse * coarse) * Math.Exp(-(y - coarse) * (y + coarse)) * scaled;
        return double.CopySign(1 - complement, x);
    }

    static double Tail(double y)
    {
        var z = 1 / (y * y);
        return (1 / Math.Sqrt(Math.PI) - z * Ratio(z, Far, FarBelow)) / y;
    }

    static double Ratio(double x, ReadOnlySpan<double> above, ReadOnlySpan<double> below) => Polynomial(x, above) / Polynomial(x, below);

    static double Polynomial(double x, ReadOnlySpan<double> fromHighest)
    {
        var sum = 0.0;
        foreach (var c in fromHighest) sum = sum * x + c;
        return sum;
    }

    static ReadOnlySpan<double> Near =>
        [1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2, 3.77485237685302021e2, 3.20937758913846947e3];

    static ReadOnlySpan<double> NearBelow => [1, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3];

    static ReadOnlySpan<double> Middle =>
    [
        2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0, 6.61191906371416295e1, 2.98635138197400131e2,
        8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3,
    ];

    static ReadOnlySpan<double> MiddleBelow =>
    [
        1, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
        3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3,
    ];

    static ReadOnlySpan<double> Far =>
        [1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1, 1.60837851487422766e-2, 6.58749161529837803e-4];

    static ReadOnlySpan<double> FarBelow =>
        [1, 2.56852019228982242e0, 1.87295284992346725e0, 5.27905102951428412e-1, 6.05183413124413191e-2, 2.33520497626869185e-3];
}
