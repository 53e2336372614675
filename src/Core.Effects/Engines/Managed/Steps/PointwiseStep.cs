using Functional.Compiling;

namespace Functional.Engines.Managed;

/// <summary>An elementwise kernel over the whole domain, in tasks of a fixed size.</summary>
internal sealed unsafe class PointwiseStep : Step
{
    const int TaskLanes = 16384;

    readonly TileMachine machine;
    readonly Blocks blocks;

    public PointwiseStep(PlanStep.Pointwise step, Address at)
    {
        machine = new(step.Kernel, step.Inputs, step.Outputs, at);
        blocks = new(machine);
    }

    public override int Registers => machine.Registers;

    public override void Run(ManagedEngine engine) => blocks.Run(engine);

    sealed class Blocks(TileMachine machine) : Work
    {
        readonly int columns = Math.Min(machine.Columns, TaskLanes);
        readonly int rows = (int)Math.Min(machine.Rows, Math.Max(1, TaskLanes / Math.Min(machine.Columns, TaskLanes)));
        ManagedEngine engine = null!;

        int Across => (machine.Columns + columns - 1) / columns;

        public void Run(ManagedEngine on)
        {
            engine = on;
            on.Team.Run(this, checked((int)((machine.Rows + rows - 1) / rows * Across)));
        }

        public override void Run(int task, int worker)
        {
            var (row, column) = ((long)(task / Across) * rows, task % Across * columns);
            machine.Run(row, (int)Math.Min(rows, machine.Rows - row), column, Math.Min(columns, machine.Columns - column), engine.Registers(worker));
        }
    }
}
