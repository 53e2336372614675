namespace Functional.Engines.Managed;

/// <summary>The kernels of <see cref="FewRows"/> for one vector width.</summary>
internal sealed unsafe class FewRowsKernels
{
    private readonly delegate*<nint, nint, float*, nint, float*, nint, float*, nint, int, void>[] dots;

    private FewRowsKernels(
        delegate*<nint, nint, float*, nint, float*, nint, float*, nint, int, void>[] dots,
        delegate*<nint, nint, float*, nint, float*, nint, float*, void> sweep,
        delegate*<Kernels, int, nint, nint, float*, nint, nint, float*, nint, float*, nint, int, void> tiled,
        delegate*<nint, nint, float*, nint, float*, int, void> add)
    {
        this.dots = dots;
        Sweep = sweep;
        Tiled = tiled;
        Add = add;
    }

    public delegate*<nint, nint, float*, nint, float*, nint, float*, void> Sweep { get; }

    public delegate*<Kernels, int, nint, nint, float*, nint, nint, float*, nint, float*, nint, int, void> Tiled { get; }

    public delegate*<nint, nint, float*, nint, float*, int, void> Add { get; }

    public delegate*<nint, nint, float*, nint, float*, nint, float*, nint, int, void> Dots(int rows) => dots[rows - 1];

    public static FewRowsKernels Of(LaneWidth width) => width switch
    {
        LaneWidth.Bits512 => Make<Lanes512>(),
        LaneWidth.Bits256 => Make<Lanes256>(),
        LaneWidth.Bits128 => Make<Lanes128>(),
        _ => Make<Lanes1>(),
    };

    private static FewRowsKernels Make<V>() where V : struct, ILanes<V> => new(
        [
            &Dots<V, N1>.Run, &Dots<V, N2>.Run, &Dots<V, N3>.Run, &Dots<V, N4>.Run,
        ],
        &Sweep<V>.Run,
        &Sweep<V>.Tiled,
        &Sweep<V>.Add);
}
