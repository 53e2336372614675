using System.Runtime.CompilerServices;

namespace Functional.Testing;

/// <summary>
/// FsCheck's <c>[Property]</c> with a seed that follows from the test's file and name, so that a run repeats.
/// </summary>
/// <remarks>
/// The environment variable <c>FUNCTIONAL_SEED</c> chooses others: <c>random</c>, or a number. A failure prints the seed that
/// <c>Replay</c> takes.
/// </remarks>
[AttributeUsage(AttributeTargets.Method)]
public class PropertyAttribute : FsCheck.Xunit.PropertyAttribute
{
    /// <summary>A property; its parameters are generated, its result is the verdict.</summary>
    /// <param name="file">The test's source file, of which only the name counts.</param>
    /// <param name="member">The test's name.</param>
    public PropertyAttribute([CallerFilePath] string file = "", [CallerMemberName] string member = "") => Replay = Seeds.For(file, member);
}
