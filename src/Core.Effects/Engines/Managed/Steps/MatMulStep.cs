using Functional.Compiling;

namespace Functional.Engines.Managed;

/// <summary>A matrix product, and an elementwise kernel on each of its blocks while they are in the cache.</summary>
internal sealed unsafe class MatMulStep : Step
{
    readonly IProduct product;
    readonly float* a, b, c;
    readonly TileEpilogue? epilogue;

    public MatMulStep(PlanStep.MatMul s, Address at)
    {
        var (m, n) = (s.C.Shape[1], s.C.Shape[2]);
        var shape = new GemmShape(s.C.Shape[0], m, n, s.A.Shape[2], Layout(s.A), Layout(s.B), Strides.RowMajor(n, (long)m * n));
        product = s.IsRounded && PairGemm.Suits(shape) ? new PairGemm(shape) : new Gemm(shape);
        a = (float*)at(s.A);
        b = (float*)at(s.B);
        c = (float*)at(s.C);
        if (s.Epilogue is { } kernel)
        {
            var whole = s.C with { Shape = kernel.Domain, Strides = View.RowMajor(kernel.Domain) };
            epilogue = new(new(kernel, [whole, .. s.Inputs], s.Outputs, at), m);
        }
    }

    public override long WorkspaceBytes => product.WorkspaceBytes;

    public override int Registers => epilogue?.Machine.Registers ?? 0;

    public override void Run(ManagedEngine engine)
    {
        if (epilogue is not null) epilogue.Engine = engine;
        product.Run(engine.Team, engine.Workspace, a, b, c, epilogue);
    }

    static Strides Layout(View v) => new(v.Strides[1], v.Strides[2], v.Shape[0] == 1 ? 0 : v.Strides[0]);

    sealed class TileEpilogue(TileMachine machine, int m) : Epilogue
    {
        public ManagedEngine Engine { get; set; } = null!;

        public TileMachine Machine => machine;

        public override void Apply(int batch, int row, int col, int rows, int cols, int worker) =>
            machine.Run((long)batch * m + row, rows, col, cols, Engine.Registers(worker));
    }
}
