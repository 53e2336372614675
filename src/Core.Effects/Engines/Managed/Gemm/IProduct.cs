namespace Functional.Engines.Managed;

/// <summary>A matrix product prepared for one shape. Running it allocates nothing, and its bits do not depend on the number of threads.</summary>
internal unsafe interface IProduct
{
    /// <summary>Bytes that <see cref="Run"/> needs in its workspace.</summary>
    long WorkspaceBytes { get; }

    /// <summary>Computes C and applies <paramref name="finish"/> to every block of it.</summary>
    /// <param name="on">The threads.</param>
    /// <param name="workspace"><see cref="WorkspaceBytes"/> bytes, aligned to 64; contents undefined before and after.</param>
    /// <param name="left">A.</param>
    /// <param name="right">B.</param>
    /// <param name="result">C; must not overlap A or B.</param>
    /// <param name="finish">What to do to finished blocks.</param>
    void Run(ThreadTeam on, byte* workspace, float* left, float* right, float* result, Epilogue? finish = null);
}
