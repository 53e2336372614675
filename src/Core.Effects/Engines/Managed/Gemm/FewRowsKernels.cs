namespace Functional.Engines.Managed;

/// <summary>The kernels of <see cref="FewRows"/> for one vector width.</summary>
internal sealed unsafe class FewRowsKernels
{
    private readonly delegate*<nint, nint, float*, nint, float*, nint, float*, nint, int, void>[] dots;

    private FewRowsKernels(
        delegate*<nint, nint, float*, nint, float*, nint, float*, nint, int, void>[] dots,
        delegate*<nint, nint, nint, float*, nint, nint, float*, nint, float*, nint, void> sweep,
        delegate*<nint, nint, float*, nint, float*, int, void> add)
    {
        this.dots = dots;
        Sweep = sweep;
        Add = add;
    }

    public delegate*<nint, nint, nint, float*, nint, nint, float*, nint, float*, nint, void> Sweep { get; }

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
        &Sweep<V>.Add);
}
