namespace Functional.Engines.Managed;

/// <summary>Distances, in elements, between neighbouring rows, columns and matrices of a batch. A batch distance of 0 shares one matrix.</summary>
internal readonly record struct Strides(long Row, long Column, long Batch = 0)
{
    /// <summary>Rows of <paramref name="columns"/> adjacent elements.</summary>
    public static Strides RowMajor(long columns, long batch = 0) => new(columns, 1, batch);

    /// <summary>The transpose of a row-major matrix with <paramref name="rows"/> elements a row.</summary>
    public static Strides ColumnMajor(long rows, long batch = 0) => new(1, rows, batch);

    /// <summary>The same matrix with a stride of 1 in a dimension of length 1, unless the other stride is 1 already.</summary>
    public Strides Suited(int rows, int columns) =>
        Row == 1 || Column == 1 ? this
        : columns <= 1 ? this with { Column = 1 }
        : rows <= 1 ? this with { Row = 1 }
        : this;
}

/// <summary>The product C[b] (+)= A[b]·B[b] with A [m, k], B [k, n] and C [m, n]: everything about it but the addresses.</summary>
/// <param name="Batch">Number of products.</param>
/// <param name="M">Rows of A and C.</param>
/// <param name="N">Columns of B and C.</param>
/// <param name="K">Columns of A, rows of B.</param>
/// <param name="A">Strides of A: the row or the column stride is 1.</param>
/// <param name="B">Strides of B: the row or the column stride is 1.</param>
/// <param name="C">Strides of C: the column stride is 1.</param>
/// <param name="Accumulate">Whether the product is added to what C holds.</param>
internal readonly record struct GemmShape(
    int Batch, int M, int N, int K, Strides A, Strides B, Strides C, bool Accumulate = false)
{
    /// <summary>Dense operands, one matrix of each per product, each stored as it is or as its transpose.</summary>
    public static GemmShape Dense(int m, int n, int k, bool transposeA = false, bool transposeB = false, int batch = 1, bool accumulate = false) =>
        new(batch, m, n, k,
            transposeA ? Strides.ColumnMajor(m, (long)m * k) : Strides.RowMajor(k, (long)m * k),
            transposeB ? Strides.ColumnMajor(k, (long)k * n) : Strides.RowMajor(n, (long)k * n),
            Strides.RowMajor(n, (long)m * n),
            accumulate);

    /// <summary>
    /// The same product with strides that are never taken, those of a dimension of 1, chosen to suit. Throws if the shape is none that
    /// <see cref="Gemm"/> computes.
    /// </summary>
    public GemmShape Checked()
    {
        var same = this with { A = A.Suited(M, K), B = B.Suited(K, N) };
        same.Check();
        return same;
    }

    private void Check()
    {
        if (Batch < 0 || M < 0 || N < 0 || K < 0)
            throw new ArgumentException($"Negative dimension in {this}.");
        if ((A.Row != 1 && A.Column != 1) || (B.Row != 1 && B.Column != 1) || (C.Column != 1 && N > 1))
            throw new ArgumentException($"One stride of A and of B, and the column stride of C, must be 1 in {this}.");
        if (Batch > 1 && C.Batch == 0 && M > 0 && N > 0)
            throw new ArgumentException($"The products of a batch would share one C in {this}.");
    }
}
