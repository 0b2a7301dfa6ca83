package postrider;

import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;

/** One line for each test as it ends. Maven runs quietly beside it and prints the reasons of failures. */
public final class Lines implements TestExecutionListener {
    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
        boolean passed = result.getStatus() == TestExecutionResult.Status.SUCCESSFUL;
        if (test.isTest()) {
            System.out.println((passed ? "passed " : "FAILED ") + name(test));
        } else if (!passed) {
            // A class that cannot be set up fails without a line from any of its tests.
            System.out.println("FAILED " + test.getDisplayName() + ": " + result.getThrowable().orElse(null));
        }
    }

    private static String name(TestIdentifier test) {
        return test.getSource()
                .filter(MethodSource.class::isInstance)
                .map(MethodSource.class::cast)
                .map(method -> method.getJavaClass().getSimpleName() + "." + method.getMethodName())
                .map(name -> test.getDisplayName().startsWith("[") ? name + " " + test.getDisplayName() : name)
                .orElse(test.getDisplayName());
    }
}
