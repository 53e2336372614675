#if !VERIFY
using System.Runtime.CompilerServices;
using Xunit;
using Xunit.v3;

namespace Functional.Testing;

/// <summary>
/// Compares the text that a test produced with the approved file beside the test's source,
/// <c>Class.Method.verified.txt</c>.
/// </summary>
/// <remarks>
/// A mismatch writes <c>Class.Method.received.txt</c> and fails. The environment variable
/// <c>FUNCTIONAL_ACCEPT=1</c> approves what was received instead, except where <c>CI</c> is set.
/// </remarks>
public static class Verifier
{
    /// <summary>Fails unless <paramref name="target"/> is the approved text; the style of line ends does not count.</summary>
    /// <exception cref="VerifyException">The text differs, or none was approved yet.</exception>
    public static Task Verify(string target, [CallerFilePath] string sourceFile = "")
    {
        var test = TestContext.Current.TestMethod as IXunitTestMethod
            ?? throw new InvalidOperationException("Verify was called outside a running test");
        var name = $"{test.TestClass.Class.Name}.{test.Method.Name}";
        return new Snapshot(SourceTree.DirectoryOf(sourceFile), name).Check(target, Accepts());
    }

    static bool Accepts() =>
        Environment.GetEnvironmentVariable("FUNCTIONAL_ACCEPT") == "1"
        && Environment.GetEnvironmentVariable("CI") is null or "" or "false";
}
#endif
